//! Random nights: the store on sled, its twin and the night's own record agree at every revision that is asked for.

use crate::night::{Night, election, log_head};
use election::ids::Revision;
use proptest::prelude::*;
use results_store::{MemoryStore, ResultsStore, SledStore};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn both_stores_and_the_record_agree(
        happenings in prop::collection::vec((any::<u8>(), 0..40_u32, any::<u8>()), 1..600),
        cuts in prop::collection::vec(1..150_usize, 1..8),
        probes in prop::collection::vec(any::<prop::sample::Index>(), 3),
        reopen in any::<bool>(),
    ) {
        let mut night = Night::new(40);
        for (what, unit, choice) in happenings {
            night.happen(what, unit, choice);
        }
        let folder = tempfile::tempdir().unwrap();
        let heads = [log_head(night.head().0)];
        let mut sled = SledStore::open(folder.path(), &heads).unwrap().store;
        let memory = MemoryStore::new();
        let mut applied = 0;
        for cut in cuts.into_iter().chain([usize::MAX]) {
            let end = night.events.len().min(cut.saturating_add(applied));
            let batch = &night.events[applied..end];
            sled.apply(&election(), batch).unwrap();
            memory.apply(&election(), batch).unwrap();
            applied = end;
            if reopen {
                sled.close().unwrap();
                let opened = SledStore::open(folder.path(), &heads).unwrap();
                prop_assert_eq!(opened.set_aside, None);
                sled = opened.store;
            }
            let head = Revision(applied as u64);
            for probe in &probes {
                let at = Revision(probe.index(applied + 1) as u64);
                night.check(&sled, head, at);
                night.check(&memory, head, at);
            }
        }
        night.check_all(&sled, night.head());
        night.check_all(&memory, night.head());
    }
}
