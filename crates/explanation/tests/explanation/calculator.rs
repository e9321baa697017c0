//! Reads arithmetic back from printed lines and does it again with exact whole numbers. It shares nothing with the code that
//! prints: it sees characters only.

use num_bigint::BigInt;
use std::cmp::Ordering;

/// `(above / below)^(1 / root)`: what votes, quotas and roots of divisors make.
#[derive(Debug, Clone)]
pub struct Number {
    above: BigInt,
    below: BigInt,
    root: u32,
}

impl Number {
    fn of(above: BigInt, below: BigInt) -> Self {
        assert!(below > BigInt::ZERO);
        Self {
            above,
            below,
            root: 1,
        }
    }

    fn raised(&self, power: u32) -> (BigInt, BigInt) {
        (self.above.pow(power), self.below.pow(power))
    }

    /// Both under the same root.
    fn common(&self, other: &Self) -> ((BigInt, BigInt), (BigInt, BigInt), u32) {
        let root = self.root * other.root;
        (self.raised(other.root), other.raised(self.root), root)
    }

    fn times(&self, other: &Self) -> Self {
        let ((a, b), (c, d), root) = self.common(other);
        Self {
            above: a * c,
            below: b * d,
            root,
        }
    }

    fn over(&self, other: &Self) -> Self {
        let ((a, b), (c, d), root) = self.common(other);
        Self {
            above: a * d,
            below: b * c,
            root,
        }
    }

    fn plus(&self, other: &Self) -> Self {
        assert_eq!((self.root, other.root), (1, 1), "roots are not added up");
        Self::of(
            &self.above * &other.below + &other.above * &self.below,
            &self.below * &other.below,
        )
    }

    fn negative(&self) -> Self {
        Self {
            above: -&self.above,
            ..self.clone()
        }
    }

    /// To a power that is a fraction.
    fn to_the(&self, exponent: &Self) -> Self {
        let power = u32::try_from(&exponent.above).unwrap();
        let root = u32::try_from(&exponent.below).unwrap();
        let (above, below) = self.raised(power);
        Self {
            above,
            below,
            root: self.root * root,
        }
    }

    pub fn compare(&self, other: &Self) -> Ordering {
        let ((a, b), (c, d), _) = self.common(other);
        (a * d).cmp(&(c * b))
    }

    /// Rounded towards zero.
    pub fn whole(&self) -> BigInt {
        assert_eq!(self.root, 1);
        &self.above / &self.below
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// The digits, how many of them are decimals, and whether more were cut off.
    Digits(BigInt, u32, bool),
    Sign(char),
}

const RELATIONS: [char; 5] = ['=', '<', '>', '≤', '≥'];

/// The arithmetic in a line: runs of numbers and signs with at least one relation. Columns are two spaces apart.
pub fn claims(line: &str, decimal: char) -> Vec<String> {
    let mut claims = Vec::new();
    for column in line.split("  ") {
        let mut run = String::new();
        let characters: Vec<char> = column.chars().chain(['\n']).collect();
        for (place, &character) in characters.iter().enumerate() {
            let next = characters.get(place + 1).copied().unwrap_or('\n');
            let in_number = character == decimal
                && next.is_ascii_digit()
                && run.ends_with(|before: char| before.is_ascii_digit());
            let is_part = character.is_ascii_digit()
                || in_number
                || "\u{202f}… +−×/^√()=<>≤≥".contains(character);
            if is_part {
                run.push(character);
                continue;
            }
            if run.contains(RELATIONS) && run.contains(|one: char| one.is_ascii_digit()) {
                claims.push(trimmed(&run).to_owned());
            }
            run.clear();
        }
    }
    claims
}

/// Without the parentheses of the sentence around it.
fn trimmed(run: &str) -> &str {
    let mut run = run.trim_matches(' ');
    loop {
        let opened = run.matches('(').count();
        let closed = run.matches(')').count();
        run = if opened > closed && run.starts_with('(') {
            &run[1..]
        } else if closed > opened && run.ends_with(')') {
            &run[..run.len() - 1]
        } else if run.starts_with('(') && run.ends_with(')') && !run[1..].contains('(') {
            &run[1..run.len() - 1]
        } else {
            return run;
        }
        .trim_matches(' ');
    }
}

fn tokens(text: &str, decimal: char) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut place = 0;
    while let Some(&character) = characters.get(place) {
        if !character.is_ascii_digit() {
            if character != ' ' {
                tokens.push(Token::Sign(character));
            }
            place += 1;
            continue;
        }
        let (mut digits, mut decimals, mut in_decimals) = (String::new(), 0, false);
        while let Some(&character) = characters.get(place) {
            if character.is_ascii_digit() {
                digits.push(character);
                decimals += u32::from(in_decimals);
            } else if character == decimal {
                in_decimals = true;
            } else if character != '\u{202f}' {
                break;
            }
            place += 1;
        }
        let is_cut = characters.get(place) == Some(&'…');
        place += usize::from(is_cut);
        tokens.push(Token::Digits(digits.parse().unwrap(), decimals, is_cut));
    }
    tokens
}

struct Reader<'a> {
    tokens: &'a [Token],
}

impl Reader<'_> {
    fn sign(&mut self, wanted: char) -> bool {
        let is_there = self.tokens.first() == Some(&Token::Sign(wanted));
        if is_there {
            self.tokens = &self.tokens[1..];
        }
        is_there
    }

    fn sum(&mut self) -> Option<Number> {
        let mut total = if self.sign('−') {
            self.product()?.negative()
        } else {
            self.product()?
        };
        loop {
            if self.sign('+') {
                total = total.plus(&self.product()?);
            } else if self.sign('−') {
                total = total.plus(&self.product()?.negative());
            } else {
                return Some(total);
            }
        }
    }

    fn product(&mut self) -> Option<Number> {
        let mut product = self.power()?;
        loop {
            if self.sign('×') {
                product = product.times(&self.power()?);
            } else if self.sign('/') {
                product = product.over(&self.power()?);
            } else {
                return Some(product);
            }
        }
    }

    fn power(&mut self) -> Option<Number> {
        let base = self.atom()?;
        if self.sign('^') {
            return Some(base.to_the(&self.atom()?));
        }
        Some(base)
    }

    fn atom(&mut self) -> Option<Number> {
        if self.sign('√') {
            let inside = self.atom()?;
            let half = Number::of(1.into(), 2.into());
            return Some(inside.to_the(&half));
        }
        if self.sign('(') {
            let inside = self.sum()?;
            return self.sign(')').then_some(inside);
        }
        let (Token::Digits(digits, decimals, false), rest) = self.tokens.split_first()? else {
            return None;
        };
        self.tokens = rest;
        Some(Number::of(digits.clone(), BigInt::from(10).pow(*decimals)))
    }
}

/// The value of an expression of exact numbers.
pub fn value(text: &str, decimal: char) -> Option<Number> {
    let tokens = tokens(text, decimal);
    let mut reader = Reader { tokens: &tokens };
    let value = reader.sum()?;
    reader.tokens.is_empty().then_some(value)
}

/// Whether a claim holds; `Err` says why it does not.
pub fn check(claim: &str, decimal: char) -> Result<(), String> {
    let refused = |why: &str| Err(format!("{claim}: {why}"));
    let mut sides = claim.split(RELATIONS);
    let relations: Vec<char> = claim
        .chars()
        .filter(|one| RELATIONS.contains(one))
        .collect();
    let ([relation], Some(left), Some(right)) = (&relations[..], sides.next(), sides.next()) else {
        return refused("not one relation");
    };
    let Some(left) = value(left, decimal) else {
        return refused("the left side is no arithmetic");
    };
    if *relation == '=' && right.trim().ends_with('…') {
        return match is_cut_of(&left, right.trim(), decimal) {
            true => Ok(()),
            false => refused("other digits, or none to cut"),
        };
    }
    let Some(right) = value(right, decimal) else {
        return refused("the right side is no arithmetic");
    };
    let order = left.compare(&right);
    let holds = match relation {
        '=' => order.is_eq(),
        '<' => order.is_lt(),
        '>' => order.is_gt(),
        '≤' => order.is_le(),
        _ => order.is_ge(),
    };
    if holds {
        Ok(())
    } else {
        refused("it is not so")
    }
}

/// Whether a number begins with just these digits, and has more.
fn is_cut_of(exact: &Number, printed: &str, decimal: char) -> bool {
    let (printed, is_negative) = match printed.strip_prefix('−') {
        Some(size) => (size, true),
        None => (printed, false),
    };
    let tokens = tokens(printed, decimal);
    let [Token::Digits(digits, decimals, true)] = &tokens[..] else {
        return false;
    };
    let exact = if is_negative {
        exact.negative()
    } else {
        exact.clone()
    };
    let scale = BigInt::from(10).pow(*decimals);
    let next: BigInt = digits + 1;
    let low = Number::of(digits.clone(), scale.clone());
    let high = Number::of(next, scale);
    exact.compare(&low).is_gt() && exact.compare(&high).is_lt()
}

#[test]
fn the_calculator_knows_right_from_wrong() {
    let holds = |claim: &str| check(claim, '.').is_ok();
    for right in [
        "298\u{202f}349 / 39 = 7\u{202f}649.974…",
        "218\u{202f}003 − 28 × 298\u{202f}349 / 39 = 3\u{202f}803.717…",
        "21\u{202f}733 − 22\u{202f}406 = −673",
        "0 − 1 / 3 = −0.333…",
        "1\u{202f}000 / √(2 × 3) = 408.248…",
        "1\u{202f}024 / 1\u{202f}024^0.9 = 2",
        "7 / (39 + 1) = 0.175",
        "2 / 3 > 0.6",
        "1\u{202f}000 / √6 < 1\u{202f}000 / 5^0.9 × 5",
    ] {
        assert!(holds(right), "{right}");
    }
    for wrong in [
        "298\u{202f}349 / 39 = 7\u{202f}649.975…",
        "298\u{202f}349 / 39 = 7\u{202f}649.97",
        "4 / 2 = 2…",
        "4 / 2 = 2.00…",
        "2 / 3 ≤ 0.6",
        "1\u{202f}000 / √(2 × 3) = 408.249…",
        "1 + 1 = 3",
        "1 = 1 = 1",
        "1 + = 1",
        "0.5… + 1 = 1.5",
    ] {
        assert!(!holds(wrong), "{wrong}");
    }
}

#[test]
fn claims_are_found_in_sentences_and_columns() {
    let line = "  Aq Jol   7%   32\u{202f}367 − 22\u{202f}406 = 9\u{202f}961   x";
    assert_eq!(
        claims(line, '.'),
        ["32\u{202f}367 − 22\u{202f}406 = 9\u{202f}961"]
    );
    assert_eq!(
        claims("half of it (2 × 5 > 9), and 3 (4 > 3).", '.'),
        ["2 × 5 > 9", "3 (4 > 3)"]
    );
    assert_eq!(claims("его 1,5 × 2 = 3, так", ','), ["1,5 × 2 = 3"]);
    assert_eq!(claims("29/4/3/3, 17", '.'), [""; 0]);
    assert_eq!(claims("It is (1 + 1) × 2 = 4.", '.'), ["(1 + 1) × 2 = 4"]);
}
