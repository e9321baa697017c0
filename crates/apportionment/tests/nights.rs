//! Real nights and worked edges, small enough to stand here: the same ground as the case files, always at hand.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a helper is a failed test"
)]

use apportionment::*;

fn seats(contest: &Contest, rules: &Rules) -> Vec<u32> {
    let allocation = allocate(contest, rules, &[]).unwrap();
    assert_eq!(verify(contest, rules, &[], &allocation), Ok(()));
    assert_eq!(
        allocation.pending,
        0,
        "{:?}",
        allocation.open_ties().collect::<Vec<_>>()
    );
    let mut workspace = Workspace::default();
    assert_eq!(
        workspace.seats(contest, rules, &[]).unwrap().seats,
        allocation.seats()
    );
    allocation.seats()
}

fn percent(numerator: u32, base: ThresholdBase) -> Threshold {
    Threshold {
        base,
        ..Threshold::of_list_votes(numerator, 100)
    }
}

const ALMATY_2021: [u64; 5] = [218_003, 32_367, 24_591, 23_388, 21_733];

#[test]
fn almaty_2021() {
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let contest = Contest::with_votes(39, &ALMATY_2021);
    assert_eq!(seats(&contest, &rules), [29, 4, 3, 3, 0]);
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    let stage = &allocation.stages[0];
    assert_eq!(stage.quota, Ratio::new(298_349, 39));
    // The border: Nur Otan's 29th seat is the last, Aq Jol's fifth would be next, 2,036.6 votes behind.
    let (last, next) = (stage.last_seat.unwrap(), stage.next_in_line.unwrap());
    assert_eq!((last.list, last.seat), (0, 29));
    assert_eq!((next.list, next.seat), (1, 5));
    assert!(stage.certificate().strict);
    assert_eq!(allocation.silences, []);
}

#[test]
fn almaty_2021_among_ballots_as_the_letter_of_the_law_says() {
    let mut contest = Contest::with_votes(39, &ALMATY_2021);
    let rules = Rules::of(Method::HARE).with_threshold(percent(7, ThresholdBase::BallotsInBox));
    assert_eq!(
        allocate(&contest, &rules, &[]),
        Err(ContestError::BaseMissing {
            base: ThresholdBase::BallotsInBox
        })
    );
    // The fourth list passes while the base is at most 334,114; above it the seats are 31/5/3.
    contest.base.ballots_in_box = Some(334_114);
    assert_eq!(seats(&contest, &rules), [29, 4, 3, 3, 0]);
    contest.base.ballots_in_box = Some(334_115);
    assert_eq!(seats(&contest, &rules), [31, 5, 3, 0, 0]);
}

/// State Duma, 2 December 2007: 7% of the ballots in the boxes, Hare, 450 seats; 315/57/40/38.
#[test]
fn russia_2007() {
    let votes = [
        1_600_234, 733_604, 89_780, 8_046_886, 669_444, 154_083, 5_660_823, 5_383_639, 615_417,
        44_714_241, 1_108_985,
    ];
    let mut contest = Contest::with_votes(450, &votes);
    contest.base.ballots_in_box = Some(69_537_065);
    let rules = Rules::of(Method::HARE).with_threshold(percent(7, ThresholdBase::BallotsInBox));
    assert_eq!(
        seats(&contest, &rules),
        [0, 0, 0, 57, 0, 0, 40, 38, 0, 315, 0]
    );
}

/// 24th Knesset, 23 March 2021: D'Hondt over 120 seats, 3.25% of the valid votes, surplus agreements in pairs.
/// Of 39 lists the 15 with more than 10,000 votes; the other 24 have 12,523 votes together.
#[test]
fn israel_2021() {
    let lists = [
        ("amt", 268_767, Some(0), 7),
        ("b", 273_836, Some(1), 7),
        ("g", 248_391, Some(2), 7),
        ("wdam", 212_583, None, 6),
        ("t", 225_641, Some(3), 6),
        ("iz", 34_883, Some(4), 0),
        ("kn", 292_257, Some(4), 8),
        ("l", 248_370, Some(5), 7),
        ("mhl", 1_066_892, Some(3), 30),
        ("mrz", 202_218, Some(0), 6),
        ("am", 167_064, None, 4),
        ("ph", 614_112, Some(5), 17),
        ("r", 17_346, None, 0),
        ("shs", 316_008, Some(2), 9),
        ("th", 209_161, Some(1), 6),
    ];
    let mut contest = Contest::with_votes(120, &[]);
    contest.lists.extend(lists.map(|(_, votes, group, _)| List {
        group,
        ..List::with_votes(votes)
    }));
    contest.base.valid_votes = Some(4_410_052);
    let threshold = Threshold {
        share: Fraction::new(325, 10_000),
        ..percent(0, ThresholdBase::ValidVotes)
    };
    let joined = Rules {
        apparentment: Some(Apparentment::default()),
        ..Rules::of(Method::D_HONDT).with_threshold(threshold)
    };
    assert_eq!(seats(&contest, &joined), lists.map(|(.., seats)| seats));

    let allocation = allocate(&contest, &joined, &[]).unwrap();
    let pairing = |name: &str| {
        allocation.lists[lists.iter().position(|list| list.0 == name).unwrap()].pairing
    };
    // One of this pair failed, so its agreement is void and the other stands alone.
    assert_eq!(
        (pairing("iz"), pairing("kn")),
        (Pairing::Void, Pairing::Void)
    );
    assert_eq!(
        (pairing("mhl"), pairing("t"), pairing("am")),
        (Pairing::Stands, Pairing::Stands, Pairing::None)
    );
    // The agreements mattered: without them the result is another.
    let alone = Rules {
        apparentment: None,
        ..joined
    };
    assert_ne!(seats(&contest, &alone), lists.map(|(.., seats)| seats));
}

/// Slovakia 2020: 5% for a party, 7% for a coalition of two or three, 10% beyond, of the valid votes; the quota is votes
/// over seats plus one, rounded to the nearest whole number. A coalition of two with 6.968% was left out.
#[test]
fn slovakia_2020() {
    let votes = [
        721_166, 527_172, 237_531, 229_660, 200_780, 179_246, 166_325, 134_099, 112_662, 91_171,
        88_220, 84_507, 59_174, 15_925, 9_260, 8_191, 4_194, 3_296, 2_018, 1_966, 1_887, 1_261,
        991, 809,
    ];
    let mut contest = Contest::with_votes(150, &votes);
    contest.lists[4].coalition_size = 2;
    let share = |size_min, numerator| CoalitionShare {
        size_min,
        share: Fraction::new(numerator, 100),
    };
    let by_coalition_size = vec![share(4, 10), share(2, 7)];
    let quota = Quota {
        kind: QuotaKind::Droop,
        rounding: Rounding::Nearest,
    };
    let rules = Rules::of(Method::Quota(quota)).with_threshold(Threshold {
        by_coalition_size,
        ..Threshold::of_list_votes(5, 100)
    });
    let mut expected = vec![53, 38, 17, 17, 0, 13, 12];
    expected.resize(24, 0);
    assert_eq!(seats(&contest, &rules), expected);
    // As a party alone it would have been in.
    contest.lists[4].coalition_size = 1;
    assert!(seats(&contest, &rules)[4] > 0);
}

/// List contests of Kazakhstan with published votes and official seats; the base is list votes in 2021, and list votes
/// with those against all in 2023.
#[test]
fn kazakhstan_2021_and_2023() {
    let hare = |share, base| Rules::of(Method::HARE).with_threshold(percent(share, base));
    let in_2021 = hare(7, ThresholdBase::ListVotes);
    let mazhilis = Contest::with_votes(98, &[5_148_074, 792_828, 659_019, 383_023, 258_618]);
    assert_eq!(seats(&mazhilis, &in_2021), [76, 12, 10, 0, 0]);
    let shymkent = Contest::with_votes(30, &[261_213, 31_876, 31_355, 4_351, 3_411]);
    assert_eq!(seats(&shymkent, &in_2021), [24, 3, 3, 0, 0]);
    let rudny = Contest::with_votes(15, &[48_640, 12_110, 769]);
    assert_eq!(seats(&rudny, &in_2021), [12, 3, 0]);

    let in_2023 = hare(5, ThresholdBase::ValidAndAgainstAll);
    let with_against_all = |house, votes: &[u64], against_all: u64| {
        let mut contest = Contest::with_votes(house, votes);
        contest.base.valid_and_against_all = Some(votes.iter().sum::<u64>() + against_all);
        contest
    };
    let votes = [
        3_431_510, 693_938, 547_154, 535_139, 432_920, 331_058, 146_431,
    ];
    assert_eq!(
        seats(&with_against_all(69, &votes, 248_291), &in_2023),
        [40, 8, 6, 6, 5, 4, 0]
    );
    let votes = [151_531, 38_563, 38_369, 23_266, 15_273, 8_264];
    assert_eq!(
        seats(&with_against_all(21, &votes, 16_490), &in_2023),
        [12, 3, 3, 2, 1, 0]
    );
    let votes = [227_307, 56_045, 18_174, 18_154, 5_401, 2_147];
    assert_eq!(
        seats(&with_against_all(17, &votes, 3_269), &in_2023),
        [12, 3, 1, 1, 0, 0]
    );
}

/// A list freed from the threshold takes part with any vote, and one vote decides at the threshold itself.
#[test]
fn exemption_and_the_exact_threshold() {
    let at_least = Rules::of(Method::D_HONDT).with_threshold(Threshold::of_list_votes(7, 100));
    let more_than = at_least.clone();
    let more_than = Rules {
        threshold: more_than.threshold.map(|threshold| Threshold {
            comparison: Comparison::MoreThan,
            ..threshold
        }),
        ..more_than
    };
    // Exactly 7 of 100: in floating point 0.07 * 100 is above 7.
    let mut contest = Contest::with_votes(20, &[93, 7]);
    assert_eq!(seats(&contest, &at_least), [19, 1]);
    assert_eq!(seats(&contest, &more_than), [20, 0]);
    contest.lists[1].exempt = true;
    assert_eq!(seats(&contest, &more_than), [19, 1]);
    let allocation = allocate(&contest, &more_than, &[]).unwrap();
    assert_eq!(allocation.lists[1].eligibility, Eligibility::Exempt);
    assert!(!allocation.lists[1].threshold.unwrap().passed);
}

/// The cap holds for seats won by whole quotas too; the seat goes on, or stays empty, as the law says.
#[test]
fn a_list_that_runs_out_of_candidates() {
    let mut contest = Contest::with_votes(10, &[70, 20, 10]);
    contest.lists[0].candidates = Some(3);
    let next_in_line = Rules::of(Method::HARE);
    // Keys go on below zero: 20, 10 | 10, 0 | 0, -10 | -10: a second round by remainders, not by list order.
    let mut plain = Contest::with_votes(10, &[70, 20, 11]);
    plain.lists[0].candidates = Some(3);
    assert_eq!(seats(&plain, &next_in_line), [3, 4, 3]);
    let stays_empty = Rules {
        exhausted: ExhaustedList::StaysEmpty,
        ..next_in_line
    };
    assert_eq!(seats(&contest, &stays_empty), [3, 2, 1]);
    assert_eq!(allocate(&contest, &stays_empty, &[]).unwrap().unassigned, 4);
    // Nobody left to take a seat.
    contest
        .lists
        .iter_mut()
        .for_each(|list| list.candidates = Some(2));
    let allocation = allocate(&contest, &Rules::of(Method::D_HONDT), &[]).unwrap();
    assert_eq!(
        (
            allocation.seats(),
            allocation.unassigned,
            allocation.outcome
        ),
        (vec![2, 2, 2], 4, Outcome::Settled)
    );
}

#[test]
fn no_votes_no_seats_yet() {
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let allocation = allocate(&Contest::with_votes(39, &[0, 0, 0]), &rules, &[]).unwrap();
    assert_eq!(
        (allocation.outcome, allocation.seats()),
        (Outcome::NoneYet, vec![0, 0, 0])
    );
    assert_eq!((allocation.pending, allocation.unassigned), (0, 39));
    assert_eq!(
        verify(
            &Contest::with_votes(39, &[0, 0, 0]),
            &rules,
            &[],
            &allocation
        ),
        Ok(())
    );
    let nobody = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(1, 2));
    let contest = Contest::with_votes(39, &[3, 3, 3]);
    let allocation = allocate(&contest, &nobody, &[]).unwrap();
    assert_eq!(
        (allocation.outcome, allocation.unassigned),
        (Outcome::NobodyPassed, 39)
    );
    assert_eq!(allocation.silences, [Silence::NobodyPassed]);
    assert_eq!(verify(&contest, &nobody, &[], &allocation), Ok(()));
}

/// More seats than votes under a quota rounded to whole votes: rounds go on as long as seats are left.
#[test]
fn more_seats_than_votes() {
    let droop = Rules::of(Method::DROOP);
    assert_eq!(seats(&Contest::with_votes(150, &[9, 7]), &droop), [76, 74]);
    assert_eq!(
        seats(
            &Contest::with_votes(100_000, &[2, 1]),
            &Rules::of(Method::SAINTE_LAGUE)
        ),
        [66_667, 33_333]
    );
    let down = Rules::of(Method::Quota(Quota {
        kind: QuotaKind::Hare,
        rounding: Rounding::Down,
    }));
    let allocation = allocate(&Contest::with_votes(39, &[3, 1]), &down, &[]).unwrap();
    assert_eq!(allocation.silences, [Silence::QuotaBelowOne]);
}

/// A chain: at most ten seats by whole quotas and remainders of the house's quota, the others by highest averages.
#[test]
fn a_chain_of_two_stages() {
    let quotas = Stage {
        seats: StageSeats::AtMost(10),
        ..Stage::all(Method::HARE)
    };
    let rules = Rules {
        stages: vec![quotas, Stage::all(Method::D_HONDT)],
        ..Rules::of(Method::HARE)
    };
    let contest = Contest::with_votes(20, &[5_000, 3_000, 1_400, 600]);
    // Quota 500: whole quotas are 10, 6, 2, 1. The ten largest keys go to 5000..1000, 3000.. and 1400.
    let allocation = allocate(&contest, &rules, &[]).unwrap();
    assert_eq!(verify(&contest, &rules, &[], &allocation), Ok(()));
    assert_eq!(allocation.stages.len(), 2);
    assert_eq!(
        allocation.stages[0]
            .contenders
            .iter()
            .map(|one| one.seats)
            .collect::<Vec<_>>(),
        [7, 3, 0, 0]
    );
    assert_eq!(allocation.seats(), [10, 6, 3, 1]);
}
