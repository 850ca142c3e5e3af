//! What a WebAssembly module shows of the engine: a text in, a text out.
//!
//! A page writes its question to the memory at [`input`], calls [`call`], and reads the answer at [`output`]. After a trap, which a
//! panic is in a module, [`failure`] has the message; the instance is spoilt then and does nothing else.
//!
//! The names are exported by `#[unsafe(no_mangle)]`, in modules only: no other symbol of a module has these names, since the module
//! links nothing that it was not built of. There is no other unsafe code here.

use std::cell::RefCell;

use super::Session;

/// One page, and the texts that go in and out.
#[derive(Default)]
struct Port {
    session: Session,
    input: Vec<u8>,
    output: Vec<u8>,
}

thread_local! {
    static PORT: RefCell<Port> = RefCell::default();
    /// The message of a panic.
    static FAILURE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Room for a question of so many bytes of UTF-8; valid until the next call of any export.
#[cfg_attr(
    target_family = "wasm",
    allow(unsafe_code, reason = "a name for the page, see above"),
    unsafe(no_mangle)
)]
pub extern "C" fn input(length: u32) -> *mut u8 {
    PORT.with_borrow_mut(|port| {
        port.input.clear();
        port.input.resize(length as usize, 0);
        port.input.as_mut_ptr()
    })
}

/// Answers the question; gives the length of the answer.
#[cfg_attr(
    target_family = "wasm",
    allow(unsafe_code, reason = "a name for the page, see above"),
    unsafe(no_mangle)
)]
pub extern "C" fn call() -> u32 {
    #[cfg(target_family = "wasm")]
    remember_panics();
    PORT.with_borrow_mut(|port| {
        let question = String::from_utf8_lossy(&port.input);
        let answer = port.session.answer(&question);
        port.output = answer.into_bytes();
        port.output.len() as u32
    })
}

/// Where the last answer or message is, UTF-8; valid until the next call of any export.
#[cfg_attr(
    target_family = "wasm",
    allow(unsafe_code, reason = "a name for the page, see above"),
    unsafe(no_mangle)
)]
pub extern "C" fn output() -> *const u8 {
    let failed = FAILURE.with_borrow(|failure| (!failure.is_empty()).then_some(failure.as_ptr()));
    // A port that is borrowed belongs to a call that trapped.
    failed.unwrap_or_else(|| {
        PORT.with(|port| port.try_borrow().map_or(std::ptr::null(), |port| port.output.as_ptr()))
    })
}

/// The length of the message of a panic; 0 where there was none.
#[cfg_attr(
    target_family = "wasm",
    allow(unsafe_code, reason = "a name for the page, see above"),
    unsafe(no_mangle)
)]
pub extern "C" fn failure() -> u32 {
    FAILURE.with_borrow(|failure| failure.len() as u32)
}

/// From now on the message of a panic is kept for [`failure`].
#[cfg(target_family = "wasm")]
fn remember_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| fail(&panic.to_string()))));
}

fn fail(message: &str) {
    FAILURE.with_borrow_mut(|failure| *failure = message.as_bytes().to_vec());
}
