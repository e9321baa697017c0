//! The ranges of seats through a night, and which seats left them.

use election::certain::{certain_seats, outstanding};
use election::event::Recorded;
use election::standings::district_seats;
use election::tally::Tally;

/// What was certain at a revision, of the first contest's only district.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The revision.
    pub revision: u64,
    /// Ballots counted.
    pub counted: u64,
    /// At most so many more ballots are to come.
    pub outstanding: Option<u64>,
    /// The fewest and the most seats of each list; empty: nothing is claimed.
    pub ranges: Vec<(u32, u32)>,
    /// Seats by what is counted.
    pub seats: Vec<u32>,
    /// Events so far that no bound foresaw.
    pub unforeseen: u64,
}

impl Frame {
    /// Seats that are certain.
    pub fn secured(&self) -> u32 {
        self.ranges.iter().map(|range| range.0).sum()
    }
}

/// What was certain at so many moments of a log, evenly over its events, and at its end.
pub fn frames(records: &[Recorded], moments: usize) -> Vec<Frame> {
    let every = (records.len() / moments).max(1);
    frames_at(records, |place| place % every == 0)
}

/// What was certain after those events of a log, by their place in it, for which `is_moment` holds, and at its end.
pub fn frames_at(records: &[Recorded], is_moment: impl Fn(usize) -> bool) -> Vec<Frame> {
    let mut tally = Tally::begin(&records[0]).expect("a log begins with a definition");
    let mut frames = Vec::new();
    for (place, recorded) in records.iter().enumerate().skip(1) {
        tally.apply(recorded).expect("every record fits its tally");
        if tally.is_complete() && (is_moment(place) || place + 1 == records.len()) {
            frames.push(frame(&tally));
        }
    }
    frames
}

fn frame(tally: &Tally) -> Frame {
    let seats = district_seats(tally, 0, 0).expect("the contest gives seats");
    let certain = certain_seats(tally, (0, 0), &seats).expect("the definition bounds ballots");
    let lists = 0..seats.question.contest.lists.len();
    let bounds = certain.bounds.as_ref();
    let bounds = bounds.map(|bounds| bounds.lists.iter().map(|it| (it.fewest, it.most)).collect());
    Frame {
        revision: tally.revision.0,
        counted: tally.contests[0][0].ballots_counted,
        outstanding: certain.outstanding.ballots,
        ranges: bounds.unwrap_or_default(),
        seats: lists
            .map(|list| seats.result.seats(list).unwrap_or(0))
            .collect(),
        unforeseen: tally.unforeseen_total,
    }
}

/// After every single event: more ballots, or more votes, that were counted later than the bound of that moment said could come.
pub fn overruns(records: &[Recorded]) -> Vec<Left> {
    struct At {
        revision: u64,
        counted: [u64; 2],
        most: Option<[u64; 2]>,
        unforeseen: u64,
    }
    let mut tally = Tally::begin(&records[0]).expect("a log begins with a definition");
    let mut moments = Vec::with_capacity(records.len());
    for recorded in &records[1..] {
        tally.apply(recorded).expect("every record fits its tally");
        let outstanding = outstanding(&tally, 0, 0).expect("the definition bounds ballots");
        let totals = &tally.contests[0][0];
        let counted = [totals.ballots_counted, totals.votes.iter().sum()];
        moments.push(At {
            revision: tally.revision.0,
            counted,
            most: (outstanding.ballots).map(|ballots| counted.map(|counted| counted + ballots)),
            unforeseen: tally.unforeseen_total,
        });
    }
    let end = moments.last().map_or(0, |moment| moment.unforeseen);
    let mut later = [0; 2];
    let mut overruns = Vec::new();
    for moment in moments.iter().rev() {
        later = [0, 1].map(|place| u64::max(later[place], moment.counted[place]));
        let is_overrun =
            |most: &[u64; 2]| most.iter().zip(&later).any(|(most, later)| later > most);
        if moment.most.is_some_and(|most| is_overrun(&most)) {
            overruns.push(Left {
                revision: moment.revision,
                what: format!("{later:?} after at most {:?}", moment.most),
                unforeseen_after: end - moment.unforeseen,
            });
        }
    }
    overruns
}

/// Something that a frame excluded and that came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The frame.
    pub revision: u64,
    /// What it was.
    pub what: String,
    /// Events after the frame that no bound foresaw.
    pub unforeseen_after: u64,
}

/// More ballots than a frame said could come, of which the most that were counted later are told, and final seats outside
/// of its ranges, from the last frame to the first.
pub fn left(frames: &[Frame]) -> Vec<Left> {
    let end = frames.last().expect("a night has frames");
    let mut left = Vec::new();
    let mut fullest = end;
    for frame in frames.iter().rev() {
        if frame.counted > fullest.counted {
            fullest = frame;
        }
        let mut tell = |what: String, unforeseen: u64| {
            left.push(Left {
                revision: frame.revision,
                what,
                unforeseen_after: unforeseen - frame.unforeseen,
            });
        };
        if let Some(outstanding) = frame.outstanding
            && fullest.counted > frame.counted + outstanding
        {
            let Frame {
                counted, revision, ..
            } = fullest;
            tell(
                format!("{counted} ballots at revision {revision}"),
                fullest.unforeseen,
            );
        }
        for (list, (range, seats)) in frame.ranges.iter().zip(&end.seats).enumerate() {
            if *seats < range.0 || *seats > range.1 {
                tell(
                    format!("list {list}: {seats} seats outside {range:?}"),
                    end.unforeseen,
                );
            }
        }
    }
    left
}

/// How narrow the ranges were, as a table of about so many lines.
pub fn table(frames: &[Frame], lines: usize) -> String {
    let total = frames.last().map_or(0, |frame| frame.counted).max(1);
    let mut text =
        String::from("revision  counted      outstanding  secured  widest  unforeseen\n");
    let every = (frames.len() / lines).max(1);
    for (place, frame) in frames.iter().enumerate() {
        if place % every != 0 && place + 1 != frames.len() {
            continue;
        }
        let widest = frame.ranges.iter().map(|range| range.1 - range.0).max();
        let outstanding = frame
            .outstanding
            .map_or(String::from("-"), |it| it.to_string());
        text += &format!(
            "{:>8}  {:>9} {:>3}%  {outstanding:>10}  {:>7}  {:>6}  {:>10}\n",
            frame.revision,
            frame.counted,
            frame.counted * 100 / total,
            frame.secured(),
            widest.map_or(String::from("-"), |it| it.to_string()),
            frame.unforeseen,
        );
    }
    text
}
