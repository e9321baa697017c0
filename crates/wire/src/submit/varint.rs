//! The encoding below messages: fields with a number and a type, and numbers of seven bits a byte. Read strictly: what no
//! ordinary encoder writes is not read at all.

/// Field 1 as a number.
pub(super) const NUMBER_1: u8 = 1 << 3;
/// Field 2 as a number.
pub(super) const NUMBER_2: u8 = 2 << 3;
/// Field 4 as a number.
pub(super) const NUMBER_4: u8 = 4 << 3;
/// Field 5 as a number.
pub(super) const NUMBER_5: u8 = 5 << 3;
/// Field 1 as bytes: a text, a message, or numbers one after the other.
pub(super) const BYTES_1: u8 = 1 << 3 | 2;
/// Field 2 as bytes.
pub(super) const BYTES_2: u8 = 2 << 3 | 2;
/// Field 3 as bytes.
pub(super) const BYTES_3: u8 = 3 << 3 | 2;
/// Field 6 as bytes.
pub(super) const BYTES_6: u8 = 6 << 3 | 2;
/// Field 7 as bytes.
pub(super) const BYTES_7: u8 = 7 << 3 | 2;
/// Field 8 as bytes.
pub(super) const BYTES_8: u8 = 8 << 3 | 2;
/// Field 9 as bytes.
pub(super) const BYTES_9: u8 = 9 << 3 | 2;

/// The fields of a message. `None` from any of its methods: the bytes are not ordinary.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The next field's number and type in one byte, as those of fields below 16 are; `Some(None)` at the end.
    pub(super) fn tag(&mut self) -> Option<Option<u8>> {
        let Some((tag, rest)) = self.rest.split_first() else {
            return Some(None);
        };
        self.rest = rest;
        (*tag < 0x80).then_some(Some(*tag))
    }

    /// A number of up to 64 bits.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for (place, byte) in self.rest.iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if place == 9 && *byte > 1 {
                return None;
            }
            value |= bits << (7 * place);
            if *byte < 0x80 {
                self.rest = &self.rest[place + 1..];
                return Some(value);
            }
        }
        None
    }

    /// A number of up to 32 bits.
    pub(super) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// 0 or 1.
    pub(super) fn flag(&mut self) -> Option<bool> {
        match self.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Bytes with their length before them.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    /// A text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// How many numbers there are, if they are 0, 1, 2, ...
pub(super) fn ascending(packed: &[u8]) -> Option<usize> {
    // Each of the first 128 takes one byte.
    let short = packed.len().min(0x80);
    let (short, long) = packed.split_at(short);
    if !(0_u8..).zip(short).all(|(place, byte)| place == *byte) {
        return None;
    }
    let mut count = short.len();
    let mut long = Fields::new(long);
    while !long.rest.is_empty() {
        if usize::try_from(long.number()?).ok()? != count {
            return None;
        }
        count += 1;
    }
    Some(count)
}

/// So many numbers of up to 32 bits, and none more.
pub(super) fn smalls(packed: &[u8], count: usize, values: &mut Vec<u32>) -> Option<()> {
    // Each takes a byte at least: a count beyond that asks for no memory.
    if count > packed.len() {
        return None;
    }
    values.reserve(count);
    let mut rest = packed;
    for _ in 0..count {
        // Most counts of a unit are below 2^14.
        let value = match *rest {
            [one, ref tail @ ..] if one < 0x80 => {
                rest = tail;
                u32::from(one)
            }
            [one, two, ref tail @ ..] if two < 0x80 => {
                rest = tail;
                u32::from(one & 0x7f) | u32::from(two) << 7
            }
            _ => {
                let mut fields = Fields::new(rest);
                let value = fields.small()?;
                rest = fields.rest;
                value
            }
        };
        values.push(value);
    }
    rest.is_empty().then_some(())
}
