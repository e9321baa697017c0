use election::command::Command;
use election::definition::Definition;
use election::ids::LogId;
use election::stage::Mark;
use event_log::memory::{Fault, Place};
use event_log::{Group, GroupId, Record};
use service_runtime::clock::SystemClock;
use service_runtime::shutdown::Stopper;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::*;
use crate::config::{Config, Storage};
use crate::entropy::SystemEntropy;
use crate::role::{Role, lock};
use crate::work::{Order, Work};

fn rounds(opened: &Arc<Opened>) -> Rounds {
    Rounds {
        opened: Arc::downgrade(opened),
        stopping: Arc::default(),
        runtime: Handle::current(),
        store: None,
        checkpoint: Instant::now(),
        is_dirty: false,
        unreadable: BTreeMap::new(),
        piece: APPLY_CHANGES,
    }
}

fn group() -> Group {
    let record = Record {
        public: vec![1].into(),
        annex: vec![2].into(),
    };
    Group {
        election: ElectionId::new("full").unwrap(),
        log_id: LogId([1; 16]),
        group_id: GroupId([1; 16]),
        first_revision: Revision(1),
        records: vec![record],
    }
}

#[tokio::test]
async fn the_store_is_not_written_while_the_log_has_no_room() {
    let place = Place::default();
    let stopper = Stopper::new("test");
    let config = Config::new(Storage::Memory(place.clone()));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let role = Role::open(config, clock, entropy, &stopper).await.unwrap();
    let opened = role.shared.opened().unwrap();
    let mut rounds = rounds(&opened);
    place.fail_next(Fault::NoSpace);
    opened.log.append(group()).await.unwrap_err();
    rounds.round(&opened).unwrap();
    assert!(rounds.store.is_none());
    opened.log.append(group()).await.unwrap();
    rounds.round(&opened).unwrap();
    assert!(rounds.store.is_some());
}

fn definition(election: &str) -> Definition {
    let text = format!(
        "[ballot]\nelection = \"{election}\"\nis_test = true\n\
         [[ballot.contests]]\nid = \"list\"\n[[ballot.contests.districts]]\nid = \"city\"\n\
         [[ballot.contests.districts.options]]\nid = \"o0\"\n\
         [register]\nunits = [{{ id = \"u0\", district = \"city\" }}]\n\
         [rules]\nhouse_size = 10\n[[rules.contests]]\nid = \"list\"\n\
         districts = [{{ id = \"city\", seats = 10 }}]\n\
         stages = [{{ method = \"largest-remainder\", quota = \"hare\" }}]\n"
    );
    toml::from_str(&text).unwrap()
}

async fn write(hosted: &Hosted, command: Command) {
    let (answer, written) = oneshot::channel();
    let order = Order {
        principal: "official".to_owned(),
        command,
        answer,
    };
    hosted.send(Work::Order(order)).await;
    written.await.unwrap().unwrap();
}

/// An election that was defined, with so many events more.
async fn host(role: &Role, election: &str, marks: usize) -> Arc<Hosted> {
    let id = ElectionId::new(election).unwrap();
    let opened = role.shared.opened().unwrap();
    let hosted = opened.host_new(&role.shared, &id);
    let definition = Box::new(definition(election));
    let log_id = LogId([1; 16]);
    write(&hosted, Command::Define { definition, log_id }).await;
    for number in 0..marks {
        let command = Command::SetMark {
            mark: Mark::Recount,
            is_set: number % 2 == 0,
            reason: "a recount is ordered or done".to_owned(),
        };
        write(&hosted, command).await;
    }
    hosted
}

#[tokio::test]
async fn an_election_far_behind_holds_up_no_other() {
    let stopper = Stopper::new("test");
    let config = Config::new(Storage::Memory(Place::default()));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let role = Role::open(config, clock, entropy, &stopper).await.unwrap();
    let opened = role.shared.opened().unwrap();
    // This one applies in its place, round after round.
    let running = lock(&opened.applier).take().unwrap();
    spawn_blocking(move || running.finish()).await.unwrap();

    let burst = host(&role, "a-burst", 40).await;
    let calm = host(&role, "calm", 1).await;
    let mut rounds = rounds(&opened);
    rounds.piece = 8;
    // Rounds block, as the thread does that they are made for.
    let lags = spawn_blocking(move || {
        let mut lags = Vec::new();
        while lags.last() != Some(&(0, 0)) && lags.len() < 100 {
            rounds.round(&opened).unwrap();
            let store = rounds.store.clone().unwrap();
            lags.push((burst.store_lag(&store), calm.store_lag(&store)));
        }
        lags
    });
    let lags = lags.await.unwrap();
    assert_eq!(lags.last(), Some(&(0, 0)), "{lags:?}");
    // The one with little to apply is done while the other has most of its pieces before it.
    assert!(
        lags.iter().any(|(burst, calm)| *calm == 0 && *burst >= 24),
        "{lags:?}"
    );
}
