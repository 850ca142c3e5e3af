//! Memory read ahead of its use.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "reading ahead is an instruction of the processor")
)]

/// Bytes of a cache line on every processor that has the instruction.
const LINE: usize = 64;

/// Makes the processor bring an element into its cache, all its cache lines; where there is no such element, that is no harm
/// but takes time. Nothing on processors that have no such instruction.
///
/// A plain load would do the same but holds up whatever comes after it once the processor's window is full.
#[inline]
pub fn prefetch<T>(slice: &[T], index: usize) {
    // No test whether there is one: where that is chance, a branch would often be mispredicted.
    let element = slice.as_ptr().wrapping_add(index).cast::<u8>();
    for line in 0..size_of::<T>().div_ceil(LINE) {
        prefetch_line(element.wrapping_add(line * LINE));
    }
}

#[inline(always)]
fn prefetch_line(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch neither reads nor writes for the program, at any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_index_is_allowed() {
        let slice = [1u64, 2, 3];
        (0..10).for_each(|index| prefetch(&slice, index));
        prefetch(&slice, usize::MAX);
        prefetch::<u64>(&[], 0);
        prefetch(&[[0u8; 200]; 2], usize::MAX);
        assert_eq!(slice, [1, 2, 3]);
    }
}
