use std::time::Duration;

use thiserror::Error;

const FILE_HEADER: usize = 32;
const FRAME_HEADER: usize = 12;

/// The frames of a VP8 video from an IVF file, as FFmpeg writes it.
#[derive(Debug, PartialEq, Eq)]
pub struct Video {
    pub(crate) frames: Vec<Vec<u8>>,
    /// Time between two frames.
    pub(crate) interval: Duration,
}

/// Why a file cannot be read as a VP8 video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VideoError {
    /// The file does not begin with an IVF header for VP8.
    #[error("not an IVF file of VP8; ffmpeg -i FILE -c:v libvpx -an FILE.ivf makes one")]
    NotIvf,
    /// The file ends within a frame.
    #[error("the file ends within a frame")]
    Cut,
    /// The file contains no frame.
    #[error("the file contains no frame")]
    Empty,
}

impl Video {
    /// Reads the contents of a file. Empty frames are skipped.
    pub fn read(bytes: &[u8]) -> Result<Self, VideoError> {
        let (header, mut rest) = bytes
            .split_first_chunk::<FILE_HEADER>()
            .filter(|(h, _)| h.starts_with(b"DKIF") && &h[8..12] == b"VP80")
            .ok_or(VideoError::NotIvf)?;
        let number = |at: usize| {
            let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            u32::from_le_bytes(bytes).max(1)
        };
        // Bytes 16 to 23 hold the time base as a fraction: its denominator, then its numerator.
        let interval = Duration::from_secs(1) * number(20) / number(16);
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let (header, tail) = rest
                .split_first_chunk::<FRAME_HEADER>()
                .ok_or(VideoError::Cut)?;
            let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
            let (frame, tail) = tail.split_at_checked(size).ok_or(VideoError::Cut)?;
            if !frame.is_empty() {
                frames.push(frame.to_vec());
            }
            rest = tail;
        }
        if frames.is_empty() {
            return Err(VideoError::Empty);
        }
        Ok(Self { frames, interval })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(frames: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"DKIF\0\0\x20\0VP80".to_vec();
        bytes.extend([0x40, 1, 0xf0, 0]);
        bytes.extend(25_u32.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend([0; 8]);
        for frame in frames {
            bytes.extend((frame.len() as u32).to_le_bytes());
            bytes.extend([0; 8]);
            bytes.extend(*frame);
        }
        bytes
    }

    #[test]
    fn frames_and_their_interval_are_read() {
        let video = Video::read(&file(&[b"abc", b"", b"d"])).unwrap();
        assert_eq!(video.frames, [b"abc".to_vec(), b"d".to_vec()]);
        assert_eq!(video.interval, Duration::from_millis(40));
    }

    #[test]
    fn invalid_file_is_refused_by_cause() {
        let whole = file(&[b"abc"]);
        assert_eq!(Video::read(b"RIFF"), Err(VideoError::NotIvf));
        assert_eq!(Video::read(&whole[..whole.len() - 1]), Err(VideoError::Cut));
        assert_eq!(Video::read(&whole[..FILE_HEADER]), Err(VideoError::Empty));
    }
}
