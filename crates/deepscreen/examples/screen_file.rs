//! Screens one picture: the example of the README, which a test compares with this and runs.

use deepscreen::{Media, Settings};

fn main() -> deepscreen::Result<()> {
    let screener = Settings::default().screener()?; // cloning it is cheap; one serves all threads
    let media = Media::open("upload.jpg", screener.limits())?; // or Media::from_bytes
    let screening = screener.screen(&media); // never panics; what failed is in `failures`
    println!("{} {:?}", screening.verdict.label.code(), screening.verdict.probability);
    Ok(())
}
