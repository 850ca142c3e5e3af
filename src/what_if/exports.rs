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
    #[cfg(target_family = "wasm")]
    remember_panics();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a page writes to the memory at `input`, it can only write from outside a program.
    fn ask(question: &str) -> String {
        assert!(!input(question.len() as u32).is_null());
        PORT.with_borrow_mut(|port| port.input.copy_from_slice(question.as_bytes()));
        let length = call() as usize;
        let (answer, at) = PORT.with_borrow(|port| (port.output.clone(), port.output.as_ptr()));
        assert_eq!((answer.len(), output()), (length, at));
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_question_goes_in_and_an_answer_comes_out() {
        assert_eq!(ask("{\"figures\":{}}"), "{\"error\":\"no scenario is open\"}");
        assert!(ask("{").contains("not understood"));
        assert_eq!(failure(), 0);
    }

    #[test]
    fn the_message_of_a_panic_stands_where_answers_do() {
        fail("out of luck");
        assert_eq!(failure(), 11);
        assert_eq!(output(), FAILURE.with_borrow(|failure| failure.as_ptr()));
        // While a call that trapped still holds the port, too.
        PORT.with_borrow_mut(|_| assert!(!output().is_null()));
    }
}
