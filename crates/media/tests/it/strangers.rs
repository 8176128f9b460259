//! What FFmpeg sends is joined to units, and cut into packets for FFmpeg again: the same pictures must
//! come of both.

use std::fs;
use std::io::ErrorKind;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use headwater_media::{AccessUnit, Limits};
use rtp::{Codec, Header};

use crate::packets::{Packet, Receiver, packets};

const FRAMES: usize = 50;
const KEYFRAME_EVERY: usize = 25;
const RATE: usize = 25;
const SIZE: (u16, u16) = (640, 360);
const LIMITS: Limits = Limits {
    wait: Duration::from_millis(200),
    packets: 512,
};
/// After FFmpeg's end nothing more is on its way on the loopback.
const SILENCE: Duration = Duration::from_millis(300);

const HASHES: [&str; 6] = ["-an", "-fps_mode", "passthrough", "-f", "framemd5", "-"];
const PAYLOAD_TYPE: u8 = 96;
const SSRC: [u8; 4] = [0, 0, 0x30, 0x39];
/// What may wait in FFmpeg's socket when the next packet is sent: a part of what the kernel keeps.
const WAITING_BYTES_MAX: u32 = 50_000;
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Until FFmpeg has started.
const PATIENCE: Duration = Duration::from_secs(20);

/// FFmpeg of Debian, and the one that `scripts/setup-test` installs beside it.
const OLD: &str = "ffmpeg";
const NEW: &str = "../../.setup/interop/bin/ffmpeg-9.0.2";

const BOTH: &[&str] = &[OLD, NEW];

#[test]
fn vp8_of_ffmpeg_decodes_to_the_same_pictures() {
    let encoder = "libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 0";
    same_pictures(Codec::Vp8, encoder, BOTH);
}

#[test]
fn vp9_of_ffmpeg_decodes_to_the_same_pictures() {
    let encoder = "libvpx-vp9 -deadline realtime -cpu-used 8";
    same_pictures(Codec::Vp9, encoder, BOTH);
}

/// In slices, with delimiters and B-frames.
#[test]
fn h264_of_ffmpeg_decodes_to_the_same_pictures() {
    let encoder = "libx264 -preset veryfast -bf 2 -x264-params slices=3:aud=1";
    same_pictures(Codec::H264, encoder, BOTH);
}

#[test]
fn h265_of_ffmpeg_decodes_to_the_same_pictures() {
    let encoder = "libx265 -preset ultrafast -x265-params log-level=none";
    same_pictures(Codec::H265, encoder, BOTH);
}

/// FFmpeg 5 cannot send AV1.
#[test]
fn av1_of_ffmpeg_decodes_to_the_same_pictures() {
    same_pictures(Codec::Av1, "libsvtav1 -preset 12", &[NEW]);
}

/// Encodes a moving picture once, and sends it from each of these programs and to it.
fn same_pictures(codec: Codec, encoder: &str, programs: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("source.mkv");
    let picture = format!("testsrc2=size={}x{}:rate={RATE}", SIZE.0, SIZE.1);
    let mut encode = ffmpeg(OLD);
    encode.args([
        "-f",
        "lavfi",
        "-i",
        &picture,
        "-frames:v",
        &FRAMES.to_string(),
    ]);
    encode.args([
        "-pix_fmt",
        "yuv420p",
        "-g",
        &KEYFRAME_EVERY.to_string(),
        "-c:v",
    ]);
    encode.args(encoder.split(' ')).arg(&source);
    assert!(encode.status().expect("ffmpeg").success());

    let pictures = hashes(&source);
    assert_eq!(pictures.len(), FRAMES, "{codec}");
    for program in programs {
        let units = sent_by(program, codec, &source);
        assert!(units.iter().skip(1).all(|unit| !unit.after_gap), "{codec}");
        let keyframes = (0_usize..).zip(&units).filter(|(_, unit)| unit.keyframe);
        let places: Vec<usize> = keyframes.map(|(place, _)| place).collect();
        assert_eq!(places, [0, KEYFRAME_EVERY], "{codec} of {program}");
        let joined = folder.path().join("joined");
        fs::write(&joined, file(codec, &units)).expect("room on the disk");
        assert_eq!(hashes(&joined), pictures, "{codec} of {program}");
        let shown = shown_by(program, codec, &units);
        assert_eq!(shown, pictures, "{codec} to {program}");
    }
}

/// The units that come of what FFmpeg sends of this file in real time.
fn sent_by(sender: &str, codec: Codec, source: &Path) -> Vec<AccessUnit> {
    let [media, reports] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a free port"));
    media.set_read_timeout(Some(SILENCE)).expect("a socket");
    let port = |socket: &UdpSocket| socket.local_addr().expect("its address").port();
    let mut send = ffmpeg(sender);
    send.arg("-re").arg("-i").arg(source).args(["-c", "copy"]);
    match codec {
        Codec::H264 => send.args(["-bsf:v", "h264_mp4toannexb"]),
        Codec::H265 => send.args(["-bsf:v", "hevc_mp4toannexb"]),
        // FFmpeg calls its way to send them experimental.
        _ => send.args(["-strict", "experimental"]),
    };
    let (to, told) = (port(&media), port(&reports));
    send.args([
        "-f",
        "rtp",
        &format!("rtp://127.0.0.1:{to}?rtcpport={told}&pkt_size=1200"),
    ]);
    let mut send = send.stdout(Stdio::null()).spawn().expect("ffmpeg");

    let mut receiver = Receiver::new(codec, LIMITS);
    let mut datagram = [0; 1_500];
    loop {
        match media.recv(&mut datagram) {
            Ok(length) => {
                let header = Header::read(&datagram[..length]).expect("an RTP packet");
                let packet = Packet {
                    seq: header.seq,
                    timestamp: header.timestamp,
                    marker: header.marker,
                    payload: datagram[header.length..length].to_vec(),
                };
                receiver.take(Instant::now(), packet);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                receiver.pass(Instant::now());
                if let Some(status) = send.try_wait().expect("a child") {
                    assert!(status.success(), "{sender} ended with {status}");
                    assert_eq!(receiver.dropped(), 0, "{codec} of {sender}");
                    return receiver.units;
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// The hashes of the pictures that FFmpeg decodes of the packets of these units.
fn shown_by(receiver: &str, codec: Codec, units: &[AccessUnit]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let description = folder.path().join("stream.sdp");
    let port = free_pair();
    fs::write(&description, sdp(codec, port)).expect("room on the disk");
    let mut receive = ffmpeg(receiver);
    receive
        .args(["-protocol_whitelist", "file,rtp,udp", "-i"])
        .arg(&description);
    receive
        .args(HASHES)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let receive = receive.spawn().expect("ffmpeg");
    wait_until("FFmpeg listens", || udp_socket(port + 1).is_some());

    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let waiting = || udp_socket(port).unwrap_or(0);
    for packet in packets(codec, units, 1_200, 0xfff0) {
        wait_until("FFmpeg reads", || waiting() < WAITING_BYTES_MAX);
        let mut bytes = vec![0x80, u8::from(packet.marker) << 7 | PAYLOAD_TYPE];
        bytes.extend(packet.seq.to_be_bytes());
        bytes.extend(packet.timestamp.to_be_bytes());
        bytes.extend(SSRC);
        bytes.extend(packet.payload);
        socket
            .send_to(&bytes, ("127.0.0.1", port))
            .expect("the loopback carries it");
    }
    wait_until("FFmpeg has read all", || {
        udp_socket(port).is_none_or(|queue| queue == 0)
    });
    // The end, after an empty report, as any compound has to begin (RFC 3550 §6.1, §6.6).
    let report = [&[0x80, 201, 0, 1][..], &SSRC];
    let bye = [&[0x81, 203, 0, 1][..], &SSRC];
    let compound = [report.concat(), bye.concat()].concat();
    socket
        .send_to(&compound, ("127.0.0.1", port + 1))
        .expect("the loopback carries it");
    hashes_in(
        &receive.wait_with_output().expect("ffmpeg"),
        "what was sent",
    )
}

/// An even port which is free, as is the one above it, for reports.
fn free_pair() -> u16 {
    loop {
        let probe = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let port = probe.local_addr().expect("its address").port();
        if port.is_multiple_of(2) && UdpSocket::bind(("127.0.0.1", port + 1)).is_ok() {
            return port;
        }
    }
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// How many bytes wait at this UDP port for the program that receives there, when one does.
fn udp_socket(port: u16) -> Option<u32> {
    let table = fs::read_to_string("/proc/net/udp").expect("Linux");
    let entry = table
        .lines()
        .find(|line| line.contains(&format!(":{port:04X} ")))?;
    // Number, local and remote address, state, then the queues: sending, receiving.
    let queues = entry.split_whitespace().nth(4)?;
    let (_, receiving) = queues.split_once(':')?;
    u32::from_str_radix(receiving, 16).ok()
}

fn sdp(codec: Codec, port: u16) -> String {
    let name = match codec {
        Codec::H264 => "H264",
        Codec::H265 => "H265",
        Codec::Vp8 => "VP8",
        Codec::Vp9 => "VP9",
        Codec::Av1 => "AV1",
        Codec::Opus => unreachable!("it has no pictures"),
    };
    let lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        &format!("m=video {port} RTP/AVP {PAYLOAD_TYPE}"),
        &format!("a=rtpmap:{PAYLOAD_TYPE} {name}/90000"),
        &format!("a=fmtp:{PAYLOAD_TYPE} packetization-mode=1"),
        "",
    ];
    lines.join("\r\n")
}

/// A hash of each picture that FFmpeg decodes of a file. Fails when it complains.
fn hashes(file: &Path) -> Vec<String> {
    let mut decode = ffmpeg(OLD);
    decode.arg("-i").arg(file).args(HASHES);
    hashes_in(
        &decode.output().expect("ffmpeg"),
        &file.display().to_string(),
    )
}

fn hashes_in(output: &Output, of: &str) -> Vec<String> {
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{of}: {complaints}"
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let hash = |row: &str| row.rsplit(',').next().map(|hash| hash.trim().to_owned());
    rows.filter_map(hash).collect()
}

fn ffmpeg(program: &str) -> Command {
    let path = if program.contains('/') {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(program)
    } else {
        PathBuf::from(program)
    };
    let mut command = Command::new(path);
    command.args(["-hide_banner", "-nostdin", "-y", "-v", "error"]);
    command
}

/// The simplest file that FFmpeg reads in this codec: Annex B of ITU-T H.264 and H.265, else IVF.
fn file(codec: Codec, units: &[AccessUnit]) -> Vec<u8> {
    let four_cc = match codec {
        Codec::H264 | Codec::H265 => return units.iter().flat_map(annex_b).collect(),
        Codec::Vp8 => b"VP80",
        Codec::Vp9 => b"VP90",
        Codec::Av1 => b"AV01",
        Codec::Opus => unreachable!("it has no pictures"),
    };
    let mut ivf = b"DKIF\0\0\x20\0".to_vec();
    ivf.extend(four_cc);
    ivf.extend(SIZE.0.to_le_bytes());
    ivf.extend(SIZE.1.to_le_bytes());
    ivf.extend((RATE as u32).to_le_bytes());
    ivf.extend(1_u32.to_le_bytes());
    ivf.extend((units.len() as u32).to_le_bytes());
    ivf.extend([0; 4]);
    for (number, unit) in (0_u64..).zip(units) {
        // There a temporal unit begins with its delimiter.
        let delimiter: &[u8] = if codec == Codec::Av1 { &[0x12, 0] } else { &[] };
        ivf.extend(((delimiter.len() + unit.data.len()) as u32).to_le_bytes());
        ivf.extend(number.to_le_bytes());
        ivf.extend(delimiter);
        ivf.extend(&unit.data);
    }
    ivf
}

/// With a start code in place of each length, which has as many bytes.
fn annex_b(unit: &AccessUnit) -> Vec<u8> {
    let mut data = unit.data.clone();
    let mut rest = &mut data[..];
    while let Some((length, units)) = rest.split_first_chunk_mut::<4>() {
        let bytes = u32::from_be_bytes(*length) as usize;
        *length = [0, 0, 0, 1];
        rest = &mut units[bytes..];
    }
    data
}
