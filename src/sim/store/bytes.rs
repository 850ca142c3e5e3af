//! Sixteen bytes compared at once.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "sixteen bytes at once are vector instructions")
)]

/// One bit for each of sixteen bytes that has this value.
#[inline(always)]
pub fn matches(bytes: [u64; 2], value: u8) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};
        // SAFETY: every processor of this architecture has SSE2, and nothing is read but the arguments.
        unsafe {
            let bytes = _mm_set_epi64x(bytes[1].cast_signed(), bytes[0].cast_signed());
            _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(value.cast_signed()))) as u32
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    matches_by_words(bytes, value)
}

/// The same in plain arithmetic.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn matches_by_words(bytes: [u64; 2], value: u8) -> u32 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let word = |word: u64| {
        let different = word ^ (u64::from(value) * 0x0101_0101_0101_0101);
        // The top bit of each byte that is zero; the multiplication gathers these bits in the top byte.
        let zero = !(((different & LOW) + LOW) | different | LOW);
        ((zero >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    };
    word(bytes[0]) | word(bytes[1]) << 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_found_where_they_are() {
        // Any bytes, and bytes of few values, so that many match.
        let mut state: u64 = 1;
        for round in 0..20_000 {
            let words = [0; 2].map(|_: u64| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                let random = state ^ state >> 29;
                if round % 2 == 0 { random } else { random & 0x8101_0081_0180_0101 }
            });
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            for value in [0, 1, 0x80, 0x81, 0xff, bytes[3], bytes[12]] {
                let expected = (0..16).filter(|&at| bytes[at] == value).fold(0, |bits, at| bits | 1 << at);
                assert_eq!(matches(words, value), expected, "{value} in {bytes:?}");
                assert_eq!(matches_by_words(words, value), expected, "{value} in {bytes:?}, by words");
            }
        }
    }
}
