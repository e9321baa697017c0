use super::*;
use apportionment::{Contest, Method, Rules, Threshold, explain, margins};
use election::standings::answer;

fn ids() -> Vec<String> {
    ["nur-otan", "aq-jol", "auyl", "qhp", "adal"]
        .map(String::from)
        .to_vec()
}

/// Almaty city maslihat, 10 January 2021.
fn almaty() -> Question {
    let rules = Rules::of(Method::HARE).with_threshold(Threshold::of_list_votes(7, 100));
    let contest = Contest::with_votes(39, &[218_003, 32_367, 24_591, 23_388, 21_733]);
    Question {
        options: (0..5).collect(),
        contest,
        rules,
        lots: Vec::new(),
    }
}

#[test]
fn a_certificate_can_be_checked_by_whoever_reads_it() {
    let (ids, question) = (ids(), almaty());
    let certificate = Lists::new(&ids).certificate(&question, &answer(&question));
    assert!(certificate.verified && certificate.objections.is_empty());
    let passes: Vec<bool> = certificate
        .thresholds
        .iter()
        .map(|decision| decision.passes)
        .collect();
    assert_eq!(passes, [true, true, true, true, false]);
    let [stage] = &certificate.stages[..] else {
        panic!("one stage")
    };
    let fraction = |ratio: &proto::Ratio| {
        (
            ratio.numerator.parse::<i128>().unwrap(),
            ratio.denominator.parse::<i128>().unwrap(),
        )
    };
    assert_eq!(fraction(stage.quota.as_ref().unwrap()), (298_349, 39));
    let key = |holder: &Option<proto::KeyHolder>| {
        fraction(holder.as_ref().unwrap().key.as_ref().unwrap())
    };
    let (granted, refused) = (key(&stage.smallest_granted), key(&stage.largest_refused));
    assert!(
        granted.0 * refused.1 > refused.0 * granted.1,
        "the smallest granted key is above the largest refused"
    );
    assert!(!stage.is_tied);
    let held: u32 = stage
        .contenders
        .iter()
        .map(|contender| contender.seats)
        .sum();
    assert_eq!((held, stage.seats_after), (39, 39));
    assert_eq!(stage.contenders[0].votes, "218003");
}

#[test]
fn steps_lead_from_whole_quotas_to_all_seats() {
    let (ids, question) = (ids(), almaty());
    let SeatsResult::Allocated(result) = answer(&question) else {
        panic!("verified")
    };
    let [stage] = &Lists::new(&ids).steps(&explain(&result))[..] else {
        panic!("one stage")
    };
    let whole: Vec<u32> = stage.rows.iter().map(|row| row.seats).collect();
    assert_eq!(whole, [28, 4, 3, 3]);
    let [step] = &stage.steps[..] else {
        panic!("one seat by remainder")
    };
    assert_eq!(
        (step.seat_number, step.option_id.as_str(), step.seats_before),
        (39, "nur-otan", 28)
    );
    assert_eq!(step.kind(), proto::StepKind::Granted);
    assert_eq!(step.next_in_line.as_ref().unwrap().option_id, "aq-jol");
}

#[test]
fn margins_name_the_whole_result_after_them() {
    let (ids, question) = (ids(), almaty());
    let margins = margins(&question.contest, &question.rules, &[]).unwrap();
    let (changes, distances) = Lists::new(&ids).margins(&margins);
    let gain = changes
        .iter()
        .find(|margin| margin.option_id == "aq-jol" && margin.effect() == proto::MarginEffect::Gain)
        .unwrap();
    assert_eq!(
        (gain.votes, gain.kind(), gain.is_exact),
        (1_261, proto::MarginKind::Added, true)
    );
    assert_eq!(gain.seats_after[1].seats, 5);
    let adal = distances
        .iter()
        .find(|distance| distance.option_id == "adal")
        .unwrap();
    assert!(!adal.passes && adal.votes > 700, "{adal:?}");
}
