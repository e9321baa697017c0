use super::*;

/// Gives few bytes at a time, as a file may.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let few = buffer.len().min(7);
        self.0.read(&mut buffer[..few])
    }
}

#[test]
fn tables_longer_than_a_piece_are_taken_whole() {
    let numbers: Vec<u32> = (0..50_000).collect();
    let mut bytes = 50_000_u32.to_le_bytes().to_vec();
    numbers
        .iter()
        .for_each(|number| bytes.extend(number.to_le_bytes()));
    bytes.extend([1, 2, 3].repeat(30_000));
    let mut stream = Stream::new(Drops(&bytes), bytes.len() as u64);
    let count = stream.length(4).unwrap();
    assert_eq!(stream.u32s(count).unwrap(), numbers);
    let rows = stream.rows(30_000, |row: &[u8; 3]| {
        (row == &[1, 2, 3]).then_some(row[2])
    });
    assert_eq!(rows, Ok(vec![3; 30_000]));
    assert_eq!(stream.end(), Ok(()));
}

#[test]
fn what_is_not_there_is_an_error_and_no_allocation() {
    let huge = u32::MAX.to_le_bytes();
    let mut stream = Stream::new(&huge[..], 4);
    assert!(stream.length(1).is_err());
    let mut stream = Stream::new(&huge[..], 4);
    assert!(stream.u32s(usize::MAX).is_err() && stream.bytes(5).is_err());
    assert!(stream.end().is_err());
    // The source is shorter than it was said to be.
    let mut stream = Stream::new(&huge[..], 8);
    assert!(stream.u64().is_err());
    let mut stream = Stream::new(&huge[..], 4);
    assert!(stream.rows(2, |_: &[u8; 2]| None::<u8>).is_err());
}
