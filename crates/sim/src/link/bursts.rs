use crate::Rng;

/// Losses that come together: the model of Gilbert and Elliott, a chain of a good and a bad state
/// that moves once for each datagram. In the good state nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// Chance of a datagram to begin a burst.
    pub begin: f64,
    /// Chance of a datagram to end it: the mean burst has `1 / end` datagrams.
    pub end: f64,
    /// Share of the datagrams that is lost within a burst.
    pub loss: f64,
}

/// State of the chain.
#[derive(Debug, Default)]
pub(super) struct Chain {
    is_bad: bool,
}

impl Chain {
    /// Whether the next datagram is lost.
    pub(super) fn loses(&mut self, bursts: &Bursts, rng: &mut Rng) -> bool {
        let turns = if self.is_bad {
            bursts.end
        } else {
            bursts.begin
        };
        self.is_bad ^= rng.chance(turns);
        self.is_bad && rng.chance(bursts.loss)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_lose_their_share_in_runs() {
        let bursts = Bursts {
            begin: 0.01,
            end: 0.1,
            loss: 1.0,
        };
        let (mut chain, mut rng) = (Chain::default(), Rng::new(3));
        let lost: Vec<bool> = (0..100_000)
            .map(|_| chain.loses(&bursts, &mut rng))
            .collect();
        let count = lost.iter().filter(|lost| **lost).count();
        let runs = lost.windows(2).filter(|pair| pair[1] && !pair[0]).count();
        // 1 in 11 is lost, 10 at a time.
        assert!((8_000..10_200).contains(&count), "{count}");
        let mean = count as f64 / runs as f64;
        assert!((9.0..11.0).contains(&mean), "{mean}");
    }
}
