//! The chart of seats over the night, for who comes late.

use super::page::{follow, has, page, sent};
use super::*;

// A page that is opened for the first time after the night: the chart has all of it, from what the roles behind know.
#[tokio::test(start_paused = true)]
async fn the_chart_shows_the_night_to_who_comes_after_it() {
    let stage = stage();
    let mut night = Night::begin(&small(3, 4));
    open_all(&mut night);
    night.submit(night.full("u0", 1, &[100, 50, 30]));
    night.submit(night.full("u1", 1, &[10, 150, 30]));
    night.submit(night.full("u2", 1, &[10, 20, 300]));
    stage.show(&night, head(&night));
    let chart = |text: &str| -> String {
        let chart = text.split("class=\"chart\"").nth(1).unwrap_or_default();
        chart.split("</svg>").next().unwrap().to_owned()
    };
    // Two changes of seats after the first count: a line that moves twice.
    let moves = |chart: &str| chart.matches('V').count();
    let text = page(&stage).await;
    assert!(moves(&chart(&text)) >= 4, "{}", chart(&text));
    // Where the past takes long to read, the page does not wait for it: it comes by itself, without a new frame.
    let stage = super::stage();
    let slow = Duration::from_millis(300);
    stage
        .roles
        .state
        .send_modify(|known| known.past_time = slow);
    stage.show(&night, head(&night));
    let began = tokio::time::Instant::now();
    let text = page(&stage).await;
    assert!(began.elapsed() < Duration::from_secs(1), "it waited");
    assert!(moves(&chart(&text)) < 4, "nothing is known yet");
    let mut body = follow(&stage, &has(&text)).await;
    loop {
        let (_, events) = sent(&mut body).await;
        assert!(events.iter().all(|(event, _)| event == "parts"));
        let html = events[0].1["slots"]["chart"].as_str().unwrap_or_default();
        if moves(&chart(html)) >= 4 {
            break;
        }
    }
}
