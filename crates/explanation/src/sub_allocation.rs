//! Allocations inside a stage, told as contests of their own.

use crate::document::Document;
use crate::language::Language;
use crate::subject::{Explainer, Subject};
use apportionment::{Allocation, Contest, List, Lot, Method, Rules, Stage, TieBreak};

/// A sub-allocation as a contest of its own: lists that take no part compete without votes.
pub(crate) fn contest_of(votes: &[u64], admitted: Option<&[bool]>, seats: u32) -> Contest {
    let takes_part = |list: usize| admitted.is_none_or(|admitted| admitted[list]);
    let lists = votes
        .iter()
        .enumerate()
        .map(|(list, &votes)| List::with_votes(if takes_part(list) { votes } else { 0 }));
    Contest {
        seats,
        lists: lists.collect(),
        ..Contest::default()
    }
}

/// The stages of a sub-allocation and their check.
pub(crate) fn sub_allocation(
    language: Language,
    names: &[String],
    (chain, ties): (&[Stage], &[TieBreak]),
    (contest, lots): (&Contest, &[Lot]),
    allocation: &Allocation,
) -> Document {
    let rules = Rules {
        stages: chain.to_vec(),
        ties: ties.to_vec(),
        ..Rules::of(Method::HARE)
    };
    let subject = Subject {
        title: "",
        notice: "",
        names,
        contest,
        rules: &rules,
        lots,
        allocation,
    };
    let mut explainer = Explainer::new(subject, language);
    explainer.level = 4;
    explainer.stages();
    explainer.check();
    explainer.document
}
