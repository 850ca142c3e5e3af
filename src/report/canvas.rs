//! SVG as a backend of plotters: dashes, classes for themes, and coordinates finer than a pixel.
//!
//! plotters counts in whole pixels, which shows as steps in curves. This canvas reports that it is
//! [`FINE`] times as large and divides by that when it writes.

use std::convert::Infallible;
use std::fmt::Write;

use plotters::backend::DrawingBackend;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, DrawingErrorKind};

use super::format::unbroken;

/// Coordinates of plotters per pixel of the picture.
pub const FINE: i32 = 8;

/// First the font that PNGs are drawn with, then what browsers have of the same width.
pub const FONT_FAMILY: &str = "DejaVu Sans, Verdana, sans-serif";

/// The one error of drawing on a canvas: it is borrowed.
pub type Failure = plotters::drawing::DrawingAreaErrorKind<Infallible>;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Style of the next shapes beyond the styles of plotters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pen {
    /// CSS class by which a page can restyle the shape.
    pub class: &'static str,
    /// SVG dash pattern; empty: solid.
    pub dash: &'static str,
}

/// Horizontal alignment of a text at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        }
    }
}

/// Look of a text.
#[derive(Clone, Copy, Debug)]
pub struct Lettering {
    pub size: f64,
    pub bold: bool,
    /// Secondary text is grey.
    pub muted: bool,
    pub anchor: Anchor,
    /// Turned by 90 degrees against the clock.
    pub upright: bool,
}

/// An SVG picture in the making.
#[derive(Debug)]
pub struct Canvas {
    width: u32,
    height: u32,
    title: String,
    description: String,
    body: String,
    pub pen: Pen,
}

impl Canvas {
    /// An empty picture of so many pixels; title and description are for screen readers.
    pub fn new(width: u32, height: u32, title: &str, description: &str) -> Canvas {
        let (title, description) = (escaped(title), escaped(description));
        Canvas { width, height, title, description, body: String::new(), pen: Pen::default() }
    }

    /// Writes a text with its baseline at (x, y), in pixels.
    pub fn text(&mut self, x: f64, y: f64, text: &str, lettering: Lettering) {
        let Lettering { size, bold, muted, anchor, upright } = lettering;
        let anchor = anchor.attribute();
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        let (class, fill) = if muted { ("tm", "#595959") } else { ("t", "#1a1a1a") };
        let turn = if upright { format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"") } else { String::new() };
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{fill}\"{anchor}{weight}{turn}>{}</text>",
            escaped(text)
        ));
    }

    /// A filled area without an outline, as SVG path data in pixels.
    pub fn area(&mut self, class: &str, color: plotters::style::RGBColor, opacity: f64, data: &str) {
        let fill = hex(plotters::style::Color::to_backend_color(&color));
        self.put(format_args!(
            "<path class=\"{class}\" fill=\"{fill}\" fill-opacity=\"{opacity}\" shape-rendering=\"crispEdges\" d=\"{data}\"/>"
        ));
    }

    /// A filled rectangle, corner and size in pixels, with a text shown where a pointer rests on it; its colour is a
    /// value, so no page changes it.
    pub fn cell(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        color: plotters::style::RGBColor,
        told: &str,
    ) {
        let fill = hex(plotters::style::Color::to_backend_color(&color));
        let place = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"");
        match told {
            "" => self.put(format_args!("<rect class=\"cell\" {place} fill=\"{fill}\"/>")),
            told => self.put(format_args!(
                "<rect class=\"cell\" {place} fill=\"{fill}\"><title>{}</title></rect>",
                escaped(told)
            )),
        }
    }

    /// A place that is not seen, corner and size in pixels, with a text shown where a pointer rests on it.
    pub fn spot(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), told: &str) {
        let place = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"");
        self.put(format_args!(
            "<rect class=\"cell\" {place} fill-opacity=\"0\"><title>{}</title></rect>",
            escaped(told)
        ));
    }

    /// A text in the middle of a [`Canvas::cell`], in a colour that no page changes.
    pub fn ink(&mut self, x: f64, y: f64, text: &str, size: f64, color: &str) {
        self.put(format_args!(
            "<text class=\"ink\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\" text-anchor=\"middle\">{}</text>",
            escaped(text)
        ));
    }

    /// The same over a [`Canvas::hatch`], with a rim in the colour of the cell.
    pub fn rimmed_ink(
        &mut self,
        (x, y): (f64, f64),
        text: &str,
        size: f64,
        color: &str,
        rim: plotters::style::RGBColor,
    ) {
        let rim = hex(plotters::style::Color::to_backend_color(&rim));
        self.put(format_args!(
            "<text class=\"ink\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"{color}\" stroke=\"{rim}\" stroke-width=\"4\" \
             stroke-linejoin=\"round\" paint-order=\"stroke\" text-anchor=\"middle\">{}</text>",
            escaped(text)
        ));
    }

    /// Diagonal lines over a rectangle, for cells that are crossed out; no page changes their colour.
    pub fn hatch(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), color: &str) {
        const STEP: f64 = 7.0;
        let mut data = String::new();
        let mut along = STEP;
        while along < width + height {
            // From the left or lower edge up to the upper or right one.
            let from = (x + (along - height).max(0.0), y + along.min(height));
            let to = (x + along.min(width), y + (along - width).max(0.0));
            data.push_str(&format!("M{:.1} {:.1}L{:.1} {:.1}", from.0, from.1, to.0, to.1));
            along += STEP;
        }
        self.put(format_args!(
            "<path class=\"hatch\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.2\" stroke-opacity=\"0.6\" d=\"{data}\"/>"
        ));
    }

    /// A triangle in the upper right corner of a rectangle; no page changes its colour.
    pub fn corner(&mut self, (x, y): (f64, f64), width: f64, color: &str) {
        const SIDE: f64 = 8.0;
        let right = x + width;
        let (from, down) = (right - SIDE, y + SIDE);
        self.put(format_args!(
            "<path class=\"hatch\" fill=\"{color}\" d=\"M{from:.1} {y:.1}H{right:.1}V{down:.1}Z\"/>"
        ));
    }

    /// A rectangle that is not to be seen, by which the script of a page finds the place of a cell of a sweep.
    pub fn target(&mut self, spot: usize, (x, y): (f64, f64), (width, height): (f64, f64), told: &str) {
        self.put(format_args!(
            "<rect class=\"spot\" data-spot=\"{spot}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"none\" pointer-events=\"all\"><title>{}</title></rect>",
            escaped(told)
        ));
    }

    /// A text over whatever is drawn, with a rim in the colour of the paper.
    pub fn label(&mut self, x: f64, y: f64, text: &str, size: f64, anchor: Anchor) {
        let anchor = anchor.attribute();
        self.put(format_args!(
            "<text class=\"t rim\" x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" fill=\"#1a1a1a\" stroke=\"#ffffff\" \
             stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\"{anchor}>{}</text>",
            escaped(text)
        ));
    }

    /// The finished picture.
    pub fn finish(&self) -> String {
        let Canvas { width, height, title, description, body, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{FONT_FAMILY}\">\n\
             <title>{title}</title>\n<desc>{description}</desc>\n\
             <rect class=\"bg\" width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let written = self.body.write_fmt(element).and_then(|()| self.body.write_char('\n'));
        debug_assert!(written.is_ok());
    }

    fn stroke<S: BackendStyle>(&self, style: &S) -> String {
        let Pen { class, dash } = self.pen;
        let width = f64::from(style.stroke_width()) / f64::from(FINE);
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        format!(
            "class=\"{class}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dash}{} stroke-linejoin=\"round\"",
            hex(style.color()),
            opacity("stroke-opacity", style.color()),
        )
    }

    fn fill<S: BackendStyle>(&self, style: &S) -> String {
        format!(
            "class=\"{}\" fill=\"{}\"{}",
            self.pen.class,
            hex(style.color()),
            opacity("fill-opacity", style.color())
        )
    }
}

impl DrawingBackend for Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.width * FINE as u32, self.height * FINE as u32)
    }
    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }
    fn present(&mut self) -> Drawn {
        Ok(())
    }
    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect(point, (point.0 + 1, point.1 + 1), &color, true)
    }
    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let stroke = self.stroke(style);
        let data = path_data(path);
        self.put(format_args!("<path {stroke} d=\"{data}\"/>"));
        Ok(())
    }
    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let look = if fill { self.fill(style) } else { self.stroke(style) };
        let (x, y) = (pixel(from.0.min(to.0)), pixel(from.1.min(to.1)));
        let (width, height) = (pixel((to.0 - from.0).abs()), pixel((to.1 - from.1).abs()));
        self.put(format_args!("<rect {look} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
        Ok(())
    }
    fn draw_circle<S: BackendStyle>(
        &mut self,
        at: BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let look = if fill { self.fill(style) } else { self.stroke(style) };
        let radius = f64::from(radius) / f64::from(FINE);
        self.put(format_args!(
            "<circle {look} cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>",
            pixel(at.0),
            pixel(at.1)
        ));
        Ok(())
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let fill = self.fill(style);
        let points = points(corners);
        self.put(format_args!("<polygon {fill} points=\"{points}\"/>"));
        Ok(())
    }
}

fn pixel(fine: i32) -> f64 {
    f64::from(fine) / f64::from(FINE)
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut text = String::new();
    for (x, y) in path {
        let separator = if text.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let written = write!(text, "{separator}{},{}", pixel(x), pixel(y));
        debug_assert!(written.is_ok());
    }
    text
}

/// Steps relative to the point before, in tenths of a pixel: a third of the size of absolute points.
fn path_data(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let tenths = |fine: i32| (f64::from(fine) * 10.0 / f64::from(FINE)).round() as i32;
    let mut data = String::new();
    let mut before = None;
    for (x, y) in path.into_iter().map(|(x, y)| (tenths(x), tenths(y))) {
        let written = match before {
            None => write!(data, "M{},{}", Tenths(x), Tenths(y)),
            Some(same) if same == (x, y) => Ok(()),
            Some((at_x, at_y)) if at_y == y => write!(data, "h{}", Tenths(x - at_x)),
            Some((at_x, at_y)) if at_x == x => write!(data, "v{}", Tenths(y - at_y)),
            Some((at_x, at_y)) => write!(data, "l{},{}", Tenths(x - at_x), Tenths(y - at_y)),
        };
        // Writing to a String cannot fail.
        debug_assert!(written.is_ok());
        before = Some((x, y));
    }
    data
}

/// A number of tenths, as short as SVG reads it: `12.5`, `-.5`, `3`.
struct Tenths(i32);

impl std::fmt::Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, tenth) = (self.0.abs() / 10, self.0.abs() % 10);
        let sign = if self.0 < 0 { "-" } else { "" };
        match (whole, tenth) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (0, tenth) => write!(f, "{sign}.{tenth}"),
            (whole, tenth) => write!(f, "{sign}{whole}.{tenth}"),
        }
    }
}

fn hex(color: BackendColor) -> String {
    let (red, green, blue) = color.rgb;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn opacity(attribute: &str, color: BackendColor) -> String {
    if color.alpha < 1.0 { format!(" {attribute}=\"{}\"", color.alpha) } else { String::new() }
}

/// Text that can stand in an element or an attribute; characters that XML forbids are left out.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\t' | '\n' | '\r' => safe.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}

/// About how wide a text is in DejaVu Sans, in pixels; rather too wide than too narrow.
pub fn text_width(text: &str, size: f64) -> f64 {
    let of = |letter: char| match letter {
        'i' | 'j' | 'l' | '\'' | '|' => 0.29,
        ' ' | '.' | ',' | ':' | ';' | 'I' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '-' | '/' | '[' | ']' => 0.41,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 0.96,
        '+' | '<' | '>' | '=' | '−' | '±' | '×' => 0.84,
        'A'..='Z' => 0.74,
        '0'..='9' => 0.64,
        letter if letter.is_ascii() => 0.62,
        _ => 0.9,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// Lines that fit a width, broken at blanks.
pub fn wrapped(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in unbroken(text).split([' ', '\n']).filter(|word| !word.is_empty()) {
        let word = word.replace('\u{a0}', " ");
        match lines.last_mut() {
            Some(line) if text_width(line, size) + text_width(&word, size) + size / 3.0 <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// A text cut to a width, with an ellipsis where something is missing.
pub fn shortened(text: &str, size: f64, width: f64) -> String {
    if text_width(text, size) <= width {
        return text.to_string();
    }
    let mut short = text.to_string();
    while short.pop().is_some() && text_width(&short, size) + size > width {}
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_short_and_do_not_drift() {
        let path = [(8, 8), (9, 8), (9, 8), (10, 8), (10, 4), (-6, 12)];
        assert_eq!(path_data(path), "M1,1h.1h.2v-.5l-2.1,1");
    }

    #[test]
    fn words_are_wrapped_and_shortened_to_what_fits() {
        let lines = wrapped("one two three four", 10.0, 60.0);
        assert!(lines.len() > 1 && lines.iter().all(|line| text_width(line, 10.0) <= 60.0), "{lines:?}");
        let short = shortened("a very long name of a variant", 10.0, 80.0);
        assert!(short.ends_with('…') && text_width(&short, 10.0) <= 90.0, "{short}");
        assert_eq!(shortened("short", 10.0, 80.0), "short");
    }
}
