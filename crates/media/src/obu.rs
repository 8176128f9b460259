//! OBUs of AV1 (RTP Payload Format For AV1, §4; AV1 specification, §5.3).

use rtp::av1::{Elements, TEMPORAL_DELIMITER, leb128, obu_type, write_leb128};

/// Bits of an OBU's header.
const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;

/// Joins packets to the OBUs of one temporal unit.
#[derive(Debug, Default)]
pub(crate) struct Obus {
    data: Vec<u8>,
    /// An OBU that was cut, until its last element is here.
    open: Option<Vec<u8>>,
}

impl Obus {
    pub(crate) fn append(&mut self, payload: &[u8]) -> Option<()> {
        let mut elements = Elements::of(payload)?;
        if elements.continues != self.open.is_some() || elements.is_at_end() {
            return None;
        }
        while let Some(element) = elements.next() {
            let mut obu = self.open.take().unwrap_or_default();
            obu.extend_from_slice(element);
            if elements.is_at_end() && elements.goes_on {
                self.open = Some(obu);
            } else {
                self.add(&obu)?;
            }
        }
        elements.is_at_end().then_some(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.data.len() + self.open.as_ref().map_or(0, Vec::len)
    }

    /// Adds an OBU with its size, which RTP leaves out.
    fn add(&mut self, obu: &[u8]) -> Option<()> {
        let Obu {
            header,
            extension,
            body,
        } = Obu::read(obu)?;
        if obu_type(&[header]) == Some(TEMPORAL_DELIMITER) {
            return Some(());
        }
        self.data.push(header | HAS_SIZE);
        self.data.extend(extension);
        write_leb128(body.len(), &mut self.data);
        self.data.extend_from_slice(body);
        Some(())
    }

    pub(crate) fn finish(self) -> Option<Vec<u8>> {
        self.open.is_none().then_some(self.data)
    }
}

/// An OBU without its size.
pub(crate) struct Obu<'a> {
    /// Its first byte, without the bit that announces a size.
    header: u8,
    extension: Option<u8>,
    body: &'a [u8],
}

impl<'a> Obu<'a> {
    /// Reads an OBU that ends where `obu` does, unless it has a size of its own.
    fn read(obu: &'a [u8]) -> Option<Self> {
        let (read, sized) = Self::read_head(obu)?;
        let body = match sized {
            Some(size) => read.body.get(..size)?,
            None => read.body,
        };
        Some(Self { body, ..read })
    }

    /// Reads what stands before the body, which is left as long as `bytes` are.
    fn read_head(bytes: &'a [u8]) -> Option<(Self, Option<usize>)> {
        let (first, mut body) = bytes.split_first()?;
        let mut extension = None;
        if first & HAS_EXTENSION != 0 {
            let (found, rest) = body.split_first()?;
            (extension, body) = (Some(*found), rest);
        }
        let mut size = None;
        if first & HAS_SIZE != 0 {
            let (found, rest) = leb128(body)?;
            (size, body) = (Some(found), rest);
        }
        let header = first & !HAS_SIZE;
        Some((
            Self {
                header,
                extension,
                body,
            },
            size,
        ))
    }

    /// As an element of a packet: without a size.
    pub(crate) fn element(&self) -> Vec<u8> {
        let mut element = vec![self.header];
        element.extend(self.extension);
        element.extend_from_slice(self.body);
        element
    }
}

/// The OBUs of a temporal unit, each of which has a size. Ends with `None` inside at a truncated
/// one.
pub(crate) fn obus(data: &[u8]) -> impl Iterator<Item = Option<Obu<'_>>> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let Some((obu, Some(size))) = Obu::read_head(bytes) else {
            return Some(None);
        };
        let Some((body, behind)) = obu.body.split_at_checked(size) else {
            return Some(None);
        };
        rest = Some(behind);
        Some(Some(Obu { body, ..obu }))
    })
}
