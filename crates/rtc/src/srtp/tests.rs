use aws_lc_rs::aead;

use super::cipher::Cipher;
use super::derivation::{LABEL_AUTHENTICATION, LABEL_CIPHER, LABEL_SALT, Master, Session};
use super::*;

const ALL: [Protection; 3] = [
    Protection::Aes128CmSha1,
    Protection::Aes128Gcm,
    Protection::Aes256Gcm,
];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|d| (d[0] << 4 | d[1]) as u8).collect()
}

fn both_sides(protection: Protection) -> (Outbound, Inbound) {
    let material: Vec<u8> = (0..200).collect();
    let side = |client| Keys::new(protection, &material, client).unwrap();
    (side(true).outbound(), side(false).inbound())
}

#[test]
fn session_keys_match_rfc_3711_appendix_b3() {
    let master = Master {
        key: &hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
        salt: &hex("0EC675AD498AFEEBB6960B3AABE6"),
    };
    let derived = |label, length| {
        let mut out = vec![0; length];
        master.derive(label, &mut out);
        out
    };
    assert_eq!(
        derived(LABEL_CIPHER, 16),
        hex("C61E7A93744F39EE10734AFE3FF7A087")
    );
    assert_eq!(derived(LABEL_SALT, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        derived(LABEL_AUTHENTICATION, 20),
        hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
    );
}

#[test]
fn sealed_packet_matches_rfc_7714_section_16() {
    let key: Vec<u8> = (0..16).collect();
    let salt = hex("517569642070726f2071756f").try_into().unwrap();
    let cipher = || Cipher::gcm(&aead::AES_128_GCM, &key, salt);
    let session = Session {
        rtp: cipher(),
        rtcp: cipher(),
    };
    let outbound = Outbound {
        session,
        rtcp_index: 0,
    };
    let mut packet = hex(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120
         696e2070 61727465 73207472 6573",
    );
    outbound.seal_rtp(&mut packet, 0, 12, 0xf17b);
    let sealed = hex(
        "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f
         42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
    );
    assert_eq!(packet, sealed);
}

#[test]
fn sealed_packets_are_opened_by_the_other_side() {
    for protection in ALL {
        let (mut outbound, inbound) = both_sides(protection);
        let mut packet = vec![0x80; 100];
        let index = 3 << 16 | 7;
        outbound.seal_rtp(&mut packet, 0, 12, index);
        assert!(packet.len() <= 100 + OVERHEAD_MAX && packet[12..100] != [0x80; 88]);
        assert_eq!(
            inbound.open_rtp(&mut packet, 12, index),
            Some(&[0x80; 88][..])
        );
        for _ in 0..2 {
            let mut packet = vec![0x81; 40];
            outbound.seal_rtcp(&mut packet);
            assert!(packet.len() <= 40 + OVERHEAD_MAX && packet[8..40] != [0x81; 32]);
            assert_eq!(inbound.open_rtcp(&mut packet), Some(&[0x81; 40][..]));
        }
    }
}

#[test]
fn altered_or_truncated_packets_are_refused() {
    for protection in ALL {
        let (mut outbound, inbound) = both_sides(protection);
        let (mut rtp, mut rtcp) = (vec![0x80; 60], vec![0x80; 60]);
        outbound.seal_rtp(&mut rtp, 0, 12, 7);
        outbound.seal_rtcp(&mut rtcp);
        for place in 0..rtp.len() {
            let mut changed = rtp.clone();
            changed[place] ^= 1;
            assert_eq!(inbound.open_rtp(&mut changed, 12, 7), None);
            assert_eq!(inbound.open_rtp(&mut rtp[..place].to_vec(), 12, 7), None);
        }
        for place in 0..rtcp.len() {
            let mut changed = rtcp.clone();
            changed[place] ^= 1;
            assert_eq!(inbound.open_rtcp(&mut changed), None);
            assert_eq!(inbound.open_rtcp(&mut rtcp[..place].to_vec()), None);
        }
        let wrapped = 7 + (1 << 16);
        assert_eq!(inbound.open_rtp(&mut rtp, 12, wrapped), None);
    }
}

#[test]
fn srtcp_packet_yields_its_ssrc_and_index() {
    for protection in ALL {
        let (mut outbound, inbound) = both_sides(protection);
        for index in 0..2 {
            let mut packet = vec![0x81; 40];
            outbound.seal_rtcp(&mut packet);
            assert_eq!(inbound.rtcp_index(&packet), Some((0x8181_8181, index)));
            for end in 0..8 {
                assert_eq!(inbound.rtcp_index(&packet[..end]), None);
            }
        }
    }
}

#[test]
fn srtcp_packet_is_new_only_once() {
    let mut replay = Replay::default();
    let mut new = |index| replay.is_new(1, index);
    assert_eq!([new(100), new(100)], [true, false]);
    // Overtaken ones are new as long as they are among the latest 64.
    assert_eq!([new(37), new(37), new(36)], [true, false, false]);
    assert_eq!([new(101), new(37), new(100)], [true, false, false]);
}

#[test]
fn each_source_has_its_own_srtcp_window() {
    let mut replay = Replay::default();
    for ssrc in 1..=4 {
        assert!(replay.is_new(ssrc, 7));
    }
    assert!((1..=4).all(|ssrc| !replay.is_new(ssrc, 7)));
    // One more takes the place of the oldest, and of no other.
    assert!(replay.is_new(5, 7));
    assert!((2..=5).all(|ssrc| !replay.is_new(ssrc, 7)));
}
