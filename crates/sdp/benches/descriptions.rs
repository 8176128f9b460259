//! The cost of parsing and writing a description. Targets: a Chromium offer in under 20 µs, the
//! most expensive offer in well under a millisecond.

use headwater_sdp::Description;

fn main() {
    divan::main();
}

const CHROMIUM: &str = include_str!("../tests/offers/chromium_publishes.sdp");

/// An offer with one section and `count` additional lines in it.
fn with_lines(count: usize, line: impl Fn(usize) -> String) -> String {
    let head = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n";
    let lines = (0..count).map(|n| line(n) + "\r\n").collect::<String>();
    head.to_owned() + &lines
}

#[divan::bench]
fn parse_chromium() -> Description {
    Description::parse(divan::black_box(CHROMIUM)).expect("it is an offer")
}

#[divan::bench]
fn write_chromium(bencher: divan::Bencher) {
    let offer = Description::parse(CHROMIUM).expect("it is an offer");
    bencher.bench(|| divan::black_box(&offer).write());
}

#[divan::bench]
fn parse_2300_ssrcs(bencher: divan::Bencher) {
    let text = with_lines(2_300, |n| format!("a=ssrc:{n} cname:attack"));
    bencher.bench(|| Description::parse(divan::black_box(&text)));
}

#[divan::bench]
fn parse_2700_rtpmaps(bencher: divan::Bencher) {
    let text = with_lines(2_700, |n| format!("a=rtpmap:{} VP8/90000", n % 128));
    bencher.bench(|| Description::parse(divan::black_box(&text)));
}

#[divan::bench]
fn parse_600_sections(bencher: divan::Bencher) {
    let mids: String = (0..600).map(|n| format!(" {n}")).collect();
    let section = |n| {
        format!(
            "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{n}\r\na=recvonly\r\n\
             a=rtpmap:96 VP8/90000\r\na=rtcp-mux\r\n"
        )
    };
    let sections: String = (0..600).map(section).collect();
    let text = format!("v=0\r\na=group:BUNDLE{mids}\r\na=ice-ufrag:abcd\r\n{sections}");
    bencher.bench(|| Description::parse(divan::black_box(&text)));
}
