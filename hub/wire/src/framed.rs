//! Text frames of the server as they go over a socket (RFC 6455, 5.2): head and text in one piece. They are not masked, so
//! all who are sent one share its bytes, and a socket adds nothing of its own.

use bytes::Bytes;

/// A head is not longer.
const HEAD_BYTES_MAX: usize = 10;
/// A whole text frame begins with this.
const TEXT_WHOLE: u8 = 0x81;
/// The second byte of a head says the length up to 125, or how many bytes of length follow.
const LENGTH_IN_2: u8 = 126;
const LENGTH_IN_8: u8 = 127;

/// One text frame, or several, one behind the other. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed(Bytes);

impl Framed {
    /// One frame.
    pub fn text(text: &[u8]) -> Self {
        Self::written(|into| into.extend_from_slice(text))
    }

    /// One frame whose text is what `write` appends.
    pub fn written(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = vec![0; HEAD_BYTES_MAX];
        write(&mut bytes);
        let (head, length) = head(bytes.len() - HEAD_BYTES_MAX);
        let begins = HEAD_BYTES_MAX - length;
        bytes[begins..HEAD_BYTES_MAX].copy_from_slice(&head[..length]);
        bytes.shrink_to_fit();
        Self(Bytes::from(bytes).slice(begins..))
    }

    /// All of these, in order, in one piece.
    pub fn joined(frames: impl IntoIterator<Item = Self>) -> Self {
        let mut bytes = Vec::new();
        frames.into_iter().for_each(|frame| bytes.extend_from_slice(&frame.0));
        bytes.shrink_to_fit();
        Self(Bytes::from(bytes))
    }

    /// What goes over the socket.
    pub fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What is left of it when its first `gone` bytes have gone out; whoever has it writes it before anything else.
    #[must_use]
    pub fn rest(&self, gone: usize) -> Self {
        Self(self.0.slice(gone..))
    }

    /// Bytes of it, heads included.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no frame in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts, in order; each shares the bytes.
    pub fn texts(&self) -> impl Iterator<Item = Bytes> {
        let mut rest = self.0.clone();
        std::iter::from_fn(move || {
            let (at, length) = text_of(&rest)?;
            let mut frame = rest.split_to(at + length);
            Some(frame.split_off(at))
        })
    }
}

/// A head and how long it is.
fn head(length: usize) -> ([u8; HEAD_BYTES_MAX], usize) {
    let mut head = [0; HEAD_BYTES_MAX];
    head[0] = TEXT_WHOLE;
    let head_length = match length {
        0..=125 => {
            head[1] = length as u8;
            2
        }
        126..=0xFFFF => {
            head[1] = LENGTH_IN_2;
            head[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            head[1] = LENGTH_IN_8;
            head[2..].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    (head, head_length)
}

/// Where the text of the first frame begins, and its length; `None` where there is no frame.
fn text_of(frames: &[u8]) -> Option<(usize, usize)> {
    let length_of = |bytes: &[u8]| bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    match *frames.get(1)? {
        LENGTH_IN_2 => Some((4, length_of(frames.get(2..4)?))),
        LENGTH_IN_8 => Some((10, length_of(frames.get(2..10)?))),
        length => Some((2, usize::from(length))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_the_length_in_as_few_bytes_as_it_takes() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = Framed::text(&vec![b'x'; length]);
            assert_eq!((&frame.bytes()[..head.len()], frame.len()), (head, head.len() + length));
            assert_eq!(frame.texts().map(|text| text.len()).collect::<Vec<_>>(), [length]);
        }
    }

    #[test]
    fn joined_frames_keep_their_order_and_their_texts() {
        let frames = ["one", "", "three"].map(|text| Framed::text(text.as_bytes()));
        let joined = Framed::joined(frames.clone());
        assert_eq!(joined.texts().collect::<Vec<_>>(), ["one", "", "three"]);
        assert_eq!(joined.len(), frames.iter().map(Framed::len).sum::<usize>());
        assert!(Framed::joined([]).is_empty());
    }
}
