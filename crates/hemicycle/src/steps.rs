//! The steps of an allocation as lines that can be followed with a pocket calculator.

use crate::table::thousands;
use wire::allocation::v1::{
    Allocation, Fraction, KeyHolder, MajorityTransfer, Ratio, StageSteps, Step, StepKind, StepRow,
};

/// All stages, line by line. `name` turns an option's id into what it is called.
pub fn lines<'a>(allocation: &'a Allocation, name: &impl Fn(&'a str) -> &'a str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(threshold) = allocation.threshold_votes {
        let base = allocation
            .threshold_base_count
            .parse()
            .map_or_else(|_| String::from("the base"), thousands);
        lines.push(format!(
            "Threshold: {} votes of {base}.",
            thousands(threshold)
        ));
    }
    for stage in &allocation.steps {
        stage_lines(stage, name, &mut lines);
    }
    if let Some(MajorityTransfer {
        option_id,
        from_option_ids,
        key,
    }) = &allocation.majority
    {
        let from: Vec<&str> = from_option_ids.iter().map(|id| name(id)).collect();
        let key = key.as_ref().map(decimal).unwrap_or_default();
        lines.push(format!(
            "{} has more than half of the votes and gets one more seat, from {} with {key}.",
            name(option_id),
            from.join(" or ")
        ));
    }
    lines
}

fn stage_lines<'a>(
    stage: &'a StageSteps,
    name: &impl Fn(&'a str) -> &'a str,
    lines: &mut Vec<String>,
) {
    lines.push(stage.text.clone());
    if let Some(quota) = &stage.quota {
        lines.push(format!("Quota: {} votes a seat.", decimal(quota)));
    }
    lines.extend(
        stage
            .rows
            .iter()
            .map(|row| format!("  {}", row_line(row, name))),
    );
    lines.extend(
        stage
            .steps
            .iter()
            .map(|step| format!("  {}", step_line(step, name))),
    );
}

fn row_line<'a>(row: &'a StepRow, name: &impl Fn(&'a str) -> &'a str) -> String {
    let list = name(&row.option_id);
    let votes = row.weight.as_ref().map(decimal).unwrap_or_default();
    match (&row.quotient, &row.next_key) {
        (Some(quotient), Some(remainder)) => format!(
            "{list}: {votes} votes are {} quotas: {} seats, remainder {}",
            decimal(quotient),
            row.seats,
            decimal(remainder)
        ),
        (Some(quotient), None) => {
            format!(
                "{list}: {votes} votes are {} quotas: {} seats, no more candidates",
                decimal(quotient),
                row.seats
            )
        }
        (None, _) => format!("{list}: {votes} votes, {} seats", row.seats),
    }
}

fn step_line<'a>(step: &'a Step, name: &impl Fn(&'a str) -> &'a str) -> String {
    let list = name(&step.option_id);
    let key = step.key.as_ref().map(decimal).unwrap_or_default();
    let next = step.next_in_line.as_ref().map(|next| holder(next, name));
    let next = next
        .map(|next| format!("; next in line {next}"))
        .unwrap_or_default();
    match step.kind() {
        StepKind::Withdrawn => format!(
            "seat {} is taken back from {list} with {key}{next}",
            step.seat_number
        ),
        _ => format!("seat {}: {list} with {key}{next}", step.seat_number),
    }
}

fn holder<'a>(holder: &'a KeyHolder, name: &impl Fn(&'a str) -> &'a str) -> String {
    format!(
        "{} with {}",
        name(&holder.option_id),
        holder.key.as_ref().map(decimal).unwrap_or_default()
    )
}

/// A fraction with three decimals, cut; whole where it is. What is compared is always the fraction itself. A root is left
/// as it is, and a first seat that comes before all others is shown by its votes.
pub fn decimal(ratio: &Ratio) -> String {
    if let Some(Fraction {
        numerator,
        denominator,
    }) = ratio.exponent
    {
        let (above, below) = (&ratio.numerator, &ratio.denominator);
        return format!("{above}/{below}^({numerator}/{denominator})");
    }
    if ratio.denominator == "0" {
        return format!(
            "{} votes, as every first seat before all others",
            ratio.numerator
        );
    }
    let parsed = ratio
        .numerator
        .parse::<i128>()
        .ok()
        .zip(ratio.denominator.parse::<i128>().ok());
    let Some((numerator, denominator)) = parsed.filter(|(_, denominator)| *denominator > 0) else {
        return format!("{}/{}", ratio.numerator, ratio.denominator);
    };
    let sign = if numerator < 0 { "-" } else { "" };
    let (whole, rest) = (numerator.abs() / denominator, numerator.abs() % denominator);
    let whole = u64::try_from(whole).map_or_else(|_| whole.to_string(), thousands);
    let Some(thousandths) = rest.checked_mul(1_000).map(|scaled| scaled / denominator) else {
        return format!("{sign}{whole} and a fraction");
    };
    if rest == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{thousandths:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_cut_and_whole_numbers_stay_whole() {
        let ratio = |numerator: &str, denominator: &str| Ratio {
            numerator: numerator.into(),
            denominator: denominator.into(),
            exponent: None,
        };
        let root = Ratio {
            exponent: Some(Fraction {
                numerator: 1,
                denominator: 2,
            }),
            ..ratio("1000", "6")
        };
        assert_eq!(decimal(&root), "1000/6^(1/2)");
        assert_eq!(
            decimal(&ratio("12", "0")),
            "12 votes, as every first seat before all others"
        );
        assert_eq!(decimal(&ratio("298349", "39")), "7\u{202f}649.974");
        assert_eq!(decimal(&ratio("78", "39")), "2");
        assert_eq!(decimal(&ratio("-1", "3")), "-0.333");
        assert_eq!(decimal(&ratio("x", "3")), "x/3");
    }
}
