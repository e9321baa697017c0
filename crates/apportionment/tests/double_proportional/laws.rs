//! What must hold of double proportional seats, whatever the votes: agreement with a search over all tables, both sums,
//! no influence of order or scale, and a verifier that accepts the right table and no other.

use proptest::prelude::*;

use super::*;

/// Standard rounding or rounding down; ties of lists go to the earlier registered, so that the lower apportionment is
/// always reached.
fn any_rules() -> impl Strategy<Value = DoubleProportional> {
    let rounding = prop_oneof![Just(CellRounding::Standard), Just(CellRounding::Down)];
    rounding.prop_map(|lower| DoubleProportional {
        ties: vec![TieBreak::EarlierRegistration],
        lower,
        ..DoubleProportional::default()
    })
}

pub fn contest(districts: Vec<(u32, Vec<u64>)>) -> DistrictedContest {
    let lists = districts[0].1.len();
    let list = |registration| DistrictedList {
        registration: Some(registration),
        ..DistrictedList::default()
    };
    let district = |(seats, votes)| District {
        seats,
        votes,
        ..District::default()
    };
    DistrictedContest {
        lists: (0u64..).map(list).take(lists).collect(),
        districts: districts.into_iter().map(district).collect(),
    }
}

fn any_contest(
    districts: std::ops::Range<usize>,
    lists: std::ops::Range<usize>,
    seats: u32,
    votes: impl Strategy<Value = u64> + Clone + 'static,
) -> impl Strategy<Value = DistrictedContest> {
    lists.prop_flat_map(move |lists| {
        let district = (1..=seats, prop::collection::vec(votes.clone(), lists));
        prop::collection::vec(district, districts.clone()).prop_map(contest)
    })
}

/// Small votes full of ties and of lists that do not stand.
fn small_votes() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![2 => 0u64..4, 1 => Just(0), 2 => 1u64..13]
}

/// Votes of very different sizes, which scaling alone does not settle.
fn skewed_votes() -> impl Strategy<Value = u64> + Clone {
    (0u32..40, 0u64..8).prop_map(|(shift, votes)| votes << shift)
}

/// All tables with these sums and no seat without votes.
fn all_tables(contest: &DistrictedContest, list_seats: &[u32]) -> Vec<Vec<Vec<u32>>> {
    fn lines(votes: &[u64], seats: u32, left: &[u32]) -> Vec<Vec<u32>> {
        let Some((&first, rest)) = votes.split_first() else {
            return if seats == 0 {
                vec![Vec::new()]
            } else {
                Vec::new()
            };
        };
        let most = if first == 0 { 0 } else { seats.min(left[0]) };
        (0..=most)
            .flat_map(|taken| {
                lines(rest, seats - taken, &left[1..])
                    .into_iter()
                    .map(move |line| [vec![taken], line].concat())
            })
            .collect()
    }
    fn tables(districts: &[District], left: Vec<u32>) -> Vec<Vec<Vec<u32>>> {
        let Some((first, rest)) = districts.split_first() else {
            return if left.iter().all(|&seats| seats == 0) {
                vec![Vec::new()]
            } else {
                Vec::new()
            };
        };
        lines(&first.votes, first.seats, &left)
            .into_iter()
            .flat_map(|line| {
                let left = left
                    .iter()
                    .zip(&line)
                    .map(|(left, taken)| left - taken)
                    .collect();
                tables(rest, left)
                    .into_iter()
                    .map(move |table| [vec![line.clone()], table].concat())
            })
            .collect()
    }
    tables(&contest.districts, list_seats.to_vec())
}

/// The product over all seats of votes over signpost, as a fraction. Divisors cancel out between tables with the same
/// sums, so the tables for which divisors exist are those with the largest product (Gaffke and Pukelsheim 2008).
fn product(
    contest: &DistrictedContest,
    table: &[Vec<u32>],
    rounding: CellRounding,
) -> (u128, u128) {
    let mut product = (1, 1);
    for (district, line) in contest.districts.iter().zip(table) {
        for (&votes, &seats) in district.votes.iter().zip(line) {
            for seat in 0..seats {
                let (step, signpost) = match rounding {
                    CellRounding::Standard => (2, 2 * seat + 1),
                    CellRounding::Down => (1, seat + 1),
                };
                product.0 *= u128::from(votes) * step;
                product.1 *= u128::from(signpost);
            }
        }
    }
    product
}

/// All tables that a result allows.
fn outcomes(lower: &LowerAllocation) -> Vec<Vec<Vec<u32>>> {
    let mut tables = vec![lower.seats.clone()];
    for tie in lower.ties.iter().filter(|tie| tie.winners.is_none()) {
        tables = tables
            .into_iter()
            .flat_map(|table| {
                tie.outcomes(usize::MAX).into_iter().map(move |winners| {
                    let mut table = table.clone();
                    for cell in winners {
                        table[cell.district][cell.list] += 1;
                    }
                    table
                })
            })
            .collect();
    }
    tables
}

pub fn agree(
    contest: &DistrictedContest,
    rules: &DoubleProportional,
    lots: &[CellLot],
) -> Result<DoubleAllocation, DistrictsError> {
    let allocation = allocate(contest, rules, &[], lots)?;
    assert_eq!(verify(contest, rules, &[], lots, &allocation), Ok(()));
    Ok(allocation)
}

fn transposed(contest: &DistrictedContest, by: usize) -> DistrictedContest {
    let mut turned = contest.clone();
    turned.districts.rotate_left(by % contest.districts.len());
    turned.lists.reverse();
    for district in &mut turned.districts {
        district.votes.reverse();
    }
    turned
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_tables_are_those_for_which_divisors_exist(
        contest in any_contest(1..4, 1..4, 3, small_votes()),
        rules in any_rules(),
    ) {
        let list_seats = match allocate(&contest, &rules, &[], &[]) {
            Ok(allocation) => {
                prop_assert_eq!(verify(&contest, &rules, &[], &[], &allocation), Ok(()));
                let Some(lower) = &allocation.lower else {
                    prop_assert!(contest.districts.iter().all(|district| district.votes.iter().all(|&votes| votes == 0)));
                    return Ok(());
                };
                let tables = all_tables(&contest, &allocation.upper.seats());
                let value = |table: &Vec<Vec<u32>>| product(&contest, table, rules.lower);
                let largest = tables.iter().map(value).reduce(|best, other| {
                    if other.0 * best.1 > best.0 * other.1 { other } else { best }
                }).unwrap();
                let mut expected: Vec<_> = tables
                    .into_iter()
                    .filter(|table| {
                        let (above, below) = product(&contest, table, rules.lower);
                        above * largest.1 == largest.0 * below
                    })
                    .collect();
                let mut found = outcomes(lower);
                found.sort();
                expected.sort();
                prop_assert_eq!(found, expected);
                return Ok(());
            }
            Err(DistrictsError::NoSuchSeats { districts, lists, seats, due }) => {
                // The proof holds: these districts have no votes for other lists with seats, and too many seats.
                let free = DoubleProportional { lower: rules.lower, ..rules.clone() };
                let upper = upper_seats(&contest, &free);
                let other = |list: &usize| upper[*list] > 0 && !lists.contains(list);
                for &district in &districts {
                    prop_assert!((0..upper.len()).filter(other).all(|list| contest.districts[district].votes[list] == 0));
                }
                prop_assert_eq!(seats, districts.iter().map(|&district| u64::from(contest.districts[district].seats)).sum::<u64>());
                prop_assert_eq!(due, lists.iter().map(|&list| u64::from(upper[list])).sum::<u64>());
                prop_assert!(seats > due);
                upper
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        prop_assert_eq!(all_tables(&contest, &list_seats), Vec::<Vec<Vec<u32>>>::new());
    }

    #[test]
    fn the_sums_hold_and_order_scale_and_lots_do_what_they_should(
        contest in prop_oneof![
            any_contest(1..7, 1..7, 6, small_votes()),
            any_contest(2..9, 2..9, 9, skewed_votes()),
            any_contest(2..9, 2..9, 9, 1u64..100_000),
        ],
        rules in any_rules(),
        by in 0usize..9,
        factor in 1u64..1_000,
    ) {
        let Ok(allocation) = agree(&contest, &rules, &[]) else { return Ok(()) };
        let Some(lower) = &allocation.lower else { return Ok(()) };
        let table = outcomes_first(lower);
        for (district, line) in contest.districts.iter().zip(&table) {
            prop_assert_eq!(line.iter().sum::<u32>(), district.seats);
        }
        for (list, &due) in allocation.upper.seats().iter().enumerate() {
            prop_assert_eq!(table.iter().map(|line| line[list]).sum::<u32>(), due);
        }

        let turned = agree(&transposed(&contest, by), &rules, &[]).unwrap().lower.unwrap();
        let mut seats = turned.seats;
        seats.iter_mut().for_each(|line| line.reverse());
        seats.rotate_right(by % contest.districts.len());
        prop_assert_eq!(&seats, &lower.seats);
        prop_assert_eq!(turned.ties.len(), lower.ties.len());

        let mut scaled = contest.clone();
        scaled.districts.iter_mut().flat_map(|district| &mut district.votes).for_each(|votes| *votes *= factor);
        let scaled = agree(&scaled, &rules, &[]).unwrap().lower.unwrap();
        prop_assert_eq!((&scaled.seats, &scaled.ties), (&lower.seats, &lower.ties));

        // A lot for each tie settles everything, with the seats that it says.
        let lots: Vec<CellLot> = lower.ties.iter().map(|tie| CellLot {
            cells: tie.cells.clone(),
            seats_at_stake: tie.seats_at_stake(),
            winners: tie.outcomes(2).pop().unwrap(),
        }).collect();
        let settled = agree(&contest, &rules, &lots).unwrap();
        prop_assert_eq!(settled.outcome(), Outcome::Settled);
        prop_assert!(settled.void_lots.is_empty());
    }

    /// A seat moved to another list, and four moved so that every sum stays, are refused; so are ties left out or made up.
    #[test]
    fn a_moved_seat_is_refused(
        contest in any_contest(2..6, 2..6, 6, prop_oneof![small_votes().boxed(), (1u64..100_000).boxed()]),
        rules in any_rules(),
        cells in any::<[prop::sample::Index; 4]>(),
    ) {
        let Ok(allocation) = agree(&contest, &rules, &[]) else { return Ok(()) };
        let Some(lower) = &allocation.lower else { return Ok(()) };
        let districts = [cells[0].index(contest.districts.len()), cells[1].index(contest.districts.len())];
        let lists = [cells[2].index(contest.lists.len()), cells[3].index(contest.lists.len())];
        let refused = |spoil: &dyn Fn(&mut LowerAllocation)| {
            let mut wrong = allocation.clone();
            spoil(wrong.lower.as_mut().unwrap());
            wrong == allocation || verify(&contest, &rules, &[], &[], &wrong).is_err()
        };
        let moved = |line: &mut Vec<u32>, from: usize, to: usize| {
            if line[from] > 0 {
                line[from] -= 1;
                line[to] += 1;
            }
        };
        prop_assert!(refused(&|lower| moved(&mut lower.seats[districts[0]], lists[0], lists[1])));
        let exchangeable = lower.seats[districts[0]][lists[0]] > 0 && lower.seats[districts[1]][lists[1]] > 0;
        if exchangeable && districts[0] != districts[1] {
            let exchange = |lower: &mut LowerAllocation| {
                moved(&mut lower.seats[districts[0]], lists[0], lists[1]);
                moved(&mut lower.seats[districts[1]], lists[1], lists[0]);
            };
            prop_assert!(refused(&exchange));
        }
        for tie in 0..lower.ties.len() {
            let silenced = refused(&|lower| {
                let tie = lower.ties.remove(tie);
                // Settled in silence, as list order would.
                for cell in &tie.outcomes(1)[0] {
                    lower.seats[cell.district][cell.list] += 1;
                }
            });
            prop_assert!(silenced);
            prop_assert!(refused(&|lower| lower.ties[tie].winners = lower.ties[tie].outcomes(1).pop()));
            let shortened = refused(&|lower| {
                lower.ties[tie].cells.pop();
            });
            prop_assert!(shortened);
        }
        // A quarter of every quotient is below the signpost of any seat.
        let quartered = refused(&|lower| {
            let divisor = &mut lower.district_divisors[districts[0]];
            let four_times = doubled(&doubled(divisor.numerator().digits()));
            *divisor = Divisor::new(WholeNumber::of_digits(four_times), divisor.denominator().clone()).unwrap();
        });
        prop_assert!(quartered);
    }
}

fn doubled(digits: &[u32]) -> Vec<u32> {
    let mut carry = false;
    let mut doubled: Vec<u32> = digits
        .iter()
        .map(|&digit| {
            let low = digit.wrapping_mul(2) | u32::from(carry);
            carry = digit >= 1 << 31;
            low
        })
        .collect();
    doubled.push(u32::from(carry));
    doubled
}

fn outcomes_first(lower: &LowerAllocation) -> Vec<Vec<u32>> {
    let mut table = lower.seats.clone();
    for cell in lower
        .ties
        .iter()
        .flat_map(|tie| tie.outcomes(1).swap_remove(0))
    {
        table[cell.district][cell.list] += 1;
    }
    table
}

/// The seats of lists by a plain search for the largest quotient, votes over district seats, odd divisors.
fn upper_seats(contest: &DistrictedContest, rules: &DoubleProportional) -> Vec<u32> {
    assert_eq!(rules.voters_numbers, VotersNumbers::Exact);
    let common: u64 = contest
        .districts
        .iter()
        .map(|district| u64::from(district.seats))
        .product();
    let number = |list: usize| -> u128 {
        let terms = contest.districts.iter().map(|district| {
            u128::from(district.votes[list]) * u128::from(common / u64::from(district.seats))
        });
        terms.sum()
    };
    let numbers: Vec<u128> = (0..contest.lists.len()).map(number).collect();
    let mut seats = vec![0u32; numbers.len()];
    for _ in 0..contest.seats() {
        let best = (0..numbers.len())
            .reduce(|best, other| {
                let [left, right] = [best, other].map(|list| u128::from(2 * seats[list] + 1));
                if numbers[other] * left > numbers[best] * right {
                    other
                } else {
                    best
                }
            })
            .unwrap();
        seats[best] += 1;
    }
    seats
}

/// Votes near 2^60: nothing wraps, and the seats are those of the same votes in small.
#[test]
fn very_large_votes() {
    let of = |unit: u64| {
        let contest = contest(vec![
            (10, vec![6 * unit + 1, 3 * unit]),
            (10, vec![2 * unit, 6 * unit]),
        ]);
        let allocation = agree(&contest, &DoubleProportional::default(), &[]).unwrap();
        (allocation.upper.seats(), allocation.lower.unwrap().seats)
    };
    assert_eq!(of(100), (vec![9, 11], vec![vec![7, 3], vec![2, 8]]));
    assert_eq!(of(100), of(1 << 58));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// So many votes of a municipality change the seats of a list in the parliament, and one less does not; and of votes that are
    /// added no fewer do in any municipality, because without a quorum seats are monotone in them.
    #[test]
    fn votes_of_a_municipality_that_change_a_seat_of_a_list(
        contest in any_contest(1..4, 2..4, 4, 1u64..40),
    ) {
        let rules = DoubleProportional { ties: vec![TieBreak::EarlierRegistration], ..DoubleProportional::default() };
        let seats = |contest: &DistrictedContest| {
            double_proportional::allocate(contest, &rules, &[], &[]).ok().map(|it| it.upper.seats())
        };
        let Some(before) = seats(&contest) else { return Ok(()) };
        let found = house_margins_of_double_proportional(&contest, &rules, (&[], &[]), |_, _| true, || true);
        let found = found.unwrap();
        let does = |(district, list, effect): (usize, usize, Effect), votes: u64| {
            let mut changed = contest.clone();
            let count = &mut changed.districts[district].votes[list];
            *count = match effect {
                Effect::Gain => *count + votes,
                Effect::Loss => count.checked_sub(votes)?,
            };
            let after = seats(&changed)?;
            let is_so = match effect {
                Effect::Gain => after[list] > before[list],
                Effect::Loss => after[list] < before[list],
            };
            is_so.then_some(after)
        };
        for it in &found {
            let asked = (it.district, it.list, it.effect);
            prop_assert_eq!(does(asked, it.margin.votes), Some(it.margin.seats_after.clone()));
            prop_assert_eq!(does(asked, it.margin.votes - 1), None);
        }
        let all: u64 = contest.districts.iter().flat_map(|it| &it.votes).sum();
        for list in 0..contest.lists.len() {
            let fewest = (1..=all).find(|&votes| {
                (0..contest.districts.len()).any(|it| does((it, list, Effect::Gain), votes).is_some())
            });
            let named = found.iter().find(|it| (it.list, it.effect) == (list, Effect::Gain));
            prop_assert_eq!(named.map(|it| it.margin.votes), fewest);
        }
    }
}
