//! The questions, asked.

use std::io::{self, BufRead, Write};

use super::changes::KINDS;
use super::questions::{QUESTIONS, Question, System};

/// Why there is no system.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// Ctrl-D, or the end of a file.
    #[error("the answers ended before the last question")]
    Ended,
    #[error("cannot ask: {0}")]
    Io(#[from] io::Error),
}

/// Asks all questions, each until its answer has the expected form. An empty answer takes the default in brackets.
///
/// # Errors
/// The end of the answers, or a failure of reading or writing.
pub fn ask(answers: &mut impl BufRead, screen: &mut impl Write) -> Result<System, Unfinished> {
    let mut system = System::unanswered();
    writeln!(
        screen,
        "{} questions; Enter takes the default in brackets, Ctrl-D ends without a file.",
        QUESTIONS.len()
    )?;
    for (index, question) in QUESTIONS.iter().enumerate() {
        writeln!(screen, "\n{}. {}\n   {}", index + 1, question.question, question.help)?;
        if question.flag == "change" {
            for kind in KINDS {
                writeln!(screen, "     {:<21} {}", kind.form, kind.help)?;
            }
        }
        until_answered(question, &mut system, answers, screen)?;
    }
    writeln!(screen)?;
    Ok(system)
}

fn until_answered(
    question: &Question,
    system: &mut System,
    answers: &mut impl BufRead,
    screen: &mut impl Write,
) -> Result<(), Unfinished> {
    loop {
        write!(screen, "   [{}] ", question.default(system))?;
        screen.flush()?;
        let mut line = Vec::new();
        if answers.read_until(b'\n', &mut line)? == 0 {
            writeln!(screen)?;
            return Err(Unfinished::Ended);
        }
        match question.answer(&String::from_utf8_lossy(&line), system) {
            Ok(()) => return Ok(()),
            Err(expected) => writeln!(screen, "   expected {expected}")?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::starter::{Connections, answered};

    fn dialogue(answers: &[u8]) -> (Result<System, Unfinished>, String) {
        let mut screen = Vec::new();
        let system = ask(&mut &*answers, &mut screen);
        (system, String::from_utf8(screen).unwrap())
    }

    #[test]
    fn answers_and_flags_describe_the_same_system() {
        let (asked, screen) =
            dialogue(b"2,000/s\n12\n\n300s\n1M\n4ms\n40ms\n\n60 in all\n0\nttl=1m, singleflight\n");
        let asked = asked.unwrap();
        let flags = [
            ("rps", "2,000/s"),
            ("pods", "12"),
            ("ttl", "300s"),
            ("keys", "1M"),
            ("query", "4ms"),
            ("query-p99", "40ms"),
            ("connections", "60 in all"),
            ("writes", "0"),
            ("change", "ttl=1m, singleflight"),
        ];
        let given =
            answered(|flag| flags.iter().find(|(name, _)| *name == flag).map(|(_, text)| (*text).to_owned()));
        assert_eq!(format!("{asked:?}"), format!("{:?}", given.unwrap()));
        assert_eq!(asked.connections, Connections::InAll(60));
        assert!(screen.contains("1. Requests per second\n   of all pods together"), "{screen}");
        assert!(screen.contains("   [0.5ms] ") && screen.contains("     swr=30s "), "{screen}");
    }

    #[test]
    fn a_wrong_answer_is_asked_again_with_the_expected_form() {
        let (asked, screen) = dialogue(b"lots\n\xff\n50\n\n\n\n\n\n\n\n\n\n\n");
        assert_eq!(asked.unwrap().rate_per_s, 50.0);
        assert_eq!(
            screen.matches("   expected a rate such as 2000, 2k, 2,000/s or 120k/min\n").count(),
            2,
            "{screen}"
        );
        assert_eq!(screen.matches("   [1000] ").count(), 3, "{screen}");
    }

    #[test]
    fn the_end_of_the_answers_is_no_answer() {
        let (asked, screen) = dialogue(b"50\n2\n");
        assert!(matches!(asked, Err(Unfinished::Ended)));
        assert!(screen.ends_with("   [0.5ms] \n"), "{screen}");
    }
}
