//! Answers of elections as large as they may be.

use super::night::attribution;
use super::*;
use election::command::Command;
use election::ids::{ContestId, DistrictId, OptionId};
use wire::allocation::v1::watch_standings_response::Event;

/// About as many lists with ids of 64 bytes as a definition has room for.
const LISTS: u32 = 4_500;

/// A night after which every list is in the tie, and in a declared result that differs from the count.
fn largest() -> Night {
    let lists = usize::try_from(LISTS).unwrap();
    let mut definition = small(lists, 1);
    definition.register.units[0].roll = None;
    let options = &mut definition.ballot.contests[0].districts[0].options;
    let ids: Vec<_> = (0..LISTS)
        .map(|number| OptionId::new(&format!("{number:0>64}")).unwrap())
        .collect();
    for (option, id) in options.iter_mut().zip(&ids) {
        option.id = id.clone();
        option.registration_number = None;
    }
    let mut night = Night::begin(&definition);
    for class in PublicationClass::ALL {
        open(&mut night, class, START);
    }
    night.submit(night.full("u0", 1, &vec![900_000; lists]));
    let declare = Command::Declare {
        contest: ContestId::new("list").unwrap(),
        district: Some(DistrictId::new("city").unwrap()),
        seats: (60_000..)
            .zip(&ids)
            .map(|(seats, id)| (id.clone(), seats))
            .collect(),
        attribution: attribution(),
    };
    night.run(declare).unwrap();
    night
}

#[tokio::test(start_paused = true)]
async fn the_largest_standings_fit() {
    let stage = stage();
    let night = largest();
    stage.serve(&night);
    stage.reached(View::Public, head(&night)).await;
    let mut watching = stage.watch(View::Public, None).await;
    loop {
        if let Event::Standings(standings) = watching.event().await.unwrap() {
            assert_eq!(standings.contests[0].options.len(), 4_500);
            break;
        }
    }
    // One message of the default size of every client holds them, with their steps too.
    let request = GetStandingsRequest {
        election_id: ELECTION.into(),
        include_steps: true,
        ..Default::default()
    };
    assert!(stage.client.clone().get_standings(request).await.is_ok());
}
