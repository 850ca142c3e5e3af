//! Memory read ahead of its use.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "reading ahead is an instruction of the processor")
)]

/// Asks the processor to bring an element into its cache; where there is no such element, that is no harm but takes
/// time. Nothing on processors that have no such instruction.
///
/// A plain load would do the same but holds up whatever comes after it once the processor's window is full.
#[inline]
pub fn prefetch<T>(slice: &[T], index: usize) {
    // Not asked whether there is one: where that is chance, a branch would often guess wrong.
    prefetch_address(slice.as_ptr().wrapping_add(index));
}

#[inline(always)]
fn prefetch_address<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch neither reads nor writes as far as the program can tell, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Bytes of a cache line on every processor that has the instruction.
const LINE: usize = 64;

/// The same of an element that takes several cache lines: all of them.
#[inline]
pub fn prefetch_whole<T>(slice: &[T], index: usize) {
    prefetch(slice, index);
    let element = slice.as_ptr().wrapping_add(index).cast::<u8>();
    for line in 1..size_of::<T>().div_ceil(LINE) {
        prefetch_address(element.wrapping_add(line * LINE));
    }
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
        prefetch_whole(&[[0u8; 200]; 2], usize::MAX);
        assert_eq!(slice, [1, 2, 3]);
    }
}
