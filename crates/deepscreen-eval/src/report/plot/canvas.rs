//! Lines, marks and words in, one SVG out: a picture with a name for those who do not see it, that follows the reader's
//! light or dark screen. Knows no report.

use plotters::prelude::{
    DrawingBackend, FontTransform, IntoFont, RGBColor, SVGBackend, ShapeStyle, TextStyle,
};
use plotters::style::Color as _;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The backend knows whole pixels alone, so it draws this many times larger.
const SCALE: f64 = 8.0;

/// Words and axes.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x24, 0x28);
/// What matters less.
pub(super) const MUTED: RGBColor = RGBColor(0x5f, 0x64, 0x6b);
/// Lines to measure by.
pub(super) const GRID: RGBColor = RGBColor(0xdf, 0xe2, 0xe6);
/// An area that says less.
pub(super) const SHADE: RGBColor = RGBColor(0xf1, 0xf3, 0xf5);
const GROUND: RGBColor = RGBColor(0xff, 0xff, 0xfe);

/// The palette of Okabe and Ito ("Color universal design", 2008), which colour-blind people can tell apart, without the
/// yellow that cannot be seen on white; with each colour as it is on a dark screen.
const COLOURS: [(RGBColor, &str); 7] = [
    (RGBColor(0x00, 0x72, 0xb2), "#4aa8e8"),
    (RGBColor(0xd5, 0x5e, 0x00), "#f0843a"),
    (RGBColor(0x00, 0x9e, 0x73), "#2cc79b"),
    (RGBColor(0xcc, 0x79, 0xa7), "#e29cc4"),
    (RGBColor(0xe6, 0x9f, 0x00), "#f0b429"),
    (RGBColor(0x56, 0xb4, 0xe9), "#8fd0f7"),
    (RGBColor(0x00, 0x00, 0x00), "#ffffff"),
];
/// Lengths of strokes and gaps; the first line is unbroken.
const DASHES: [&[f64]; 4] = [&[], &[7.0, 3.0], &[2.0, 2.5], &[9.0, 2.5, 2.0, 2.5]];

/// Where a text begins.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// One of the things compared: a colour, a dash and a mark of its own.
#[derive(Clone, Copy)]
pub(super) struct Series(pub(super) usize);

impl Series {
    /// Rules of style find a series by its colour, so that after seven they differ by what nobody sees.
    pub(super) fn colour(self) -> RGBColor {
        let RGBColor(red, green, blue) = COLOURS[self.0 % COLOURS.len()].0;
        RGBColor(red, green, blue ^ (self.0 / COLOURS.len()) as u8)
    }
}

/// A picture while it is drawn.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

/// Draws a picture of this size: `name` is said where it cannot be seen, `id` is its own among all of a page.
pub(super) fn drawn(
    (width, height): (f64, f64),
    id: &str,
    name: &str,
    series: usize,
    draw: impl FnOnce(&mut Canvas<'_>),
) -> String {
    let mut body = String::new();
    {
        let size = ((width * SCALE).ceil() as u32, (height * SCALE).ceil() as u32);
        let mut canvas = Canvas { backend: SVGBackend::with_string(&mut body, size) };
        canvas.rectangle((0.0, 0.0), (width, height), GROUND);
        draw(&mut canvas);
        let _ = canvas.backend.present();
    }
    // The backend's own root says nothing of what it shows.
    let inner = body.split_once('>').map_or("", |(_, inner)| inner);
    let (w, h) = (width * SCALE, height * SCALE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" aria-labelledby=\"{id}\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {w} {h}\">\n<title id=\"{id}\">{}</title>\n<style>{}</style>{inner}",
        escaped(name),
        rules(series),
    )
}

/// What the backend cannot say of a colour: its dash, and what it becomes on a dark screen.
fn rules(series: usize) -> String {
    let mut rules = String::from(
        ".plot text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif}",
    );
    let mut dark = String::new();
    for i in 0..series {
        let colour = code(Series(i).colour());
        let dash: Vec<String> =
            DASHES[i % DASHES.len()].iter().map(|part| (part * SCALE).to_string()).collect();
        if !dash.is_empty() {
            rules.push_str(&format!(
                ".plot polyline[stroke=\"{colour}\"]{{stroke-dasharray:{}}}",
                dash.join(" ")
            ));
        }
        dark.push_str(&recoloured(&colour, COLOURS[i % COLOURS.len()].1));
    }
    let (muted, dot) = (code(MUTED), 2.0 * SCALE);
    rules.push_str(&format!(
        ".plot polyline{{stroke-linejoin:round}}.plot polyline[stroke=\"{muted}\"]{{stroke-dasharray:{dot}}}"
    ));
    for (colour, shade) in
        [(INK, "#e8e9eb"), (MUTED, "#a7adb5"), (GRID, "#373b42"), (SHADE, "#22252a"), (GROUND, "#17191d")]
    {
        dark.push_str(&recoloured(&code(colour), shade));
    }
    format!("{rules}@media screen and (prefers-color-scheme:dark){{{dark}}}")
}

fn recoloured(colour: &str, dark: &str) -> String {
    format!(".plot [fill=\"{colour}\"]{{fill:{dark}}}.plot [stroke=\"{colour}\"]{{stroke:{dark}}}")
}

/// As the backend writes a colour.
fn code(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

fn stroke(colour: RGBColor, width: f64) -> ShapeStyle {
    ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: (width * SCALE).round() as u32 }
}

// A string takes whatever is drawn: no answer of the backend is an error.
impl Canvas<'_> {
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: RGBColor, width: f64) {
        let _ = self.backend.draw_line(pixel(from), pixel(to), &stroke(colour, width));
    }

    /// A dotted line: what curves are compared with.
    pub(super) fn dotted(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        let _ = self.backend.draw_path(points.into_iter().map(pixel), &stroke(MUTED, 1.2));
    }

    pub(super) fn rectangle(&mut self, from: (f64, f64), to: (f64, f64), colour: RGBColor) {
        let _ = self.backend.draw_rect(pixel(from), pixel(to), &colour.filled(), true);
    }

    /// A curve with the series' colour and dash.
    pub(super) fn curve(&mut self, points: impl IntoIterator<Item = (f64, f64)>, series: Series) {
        let _ = self.backend.draw_path(points.into_iter().map(pixel), &stroke(series.colour(), 1.8));
    }

    /// The series' mark: a disc, a square, a triangle, a diamond, a triangle upside down, with a rim of the ground.
    pub(super) fn mark(&mut self, at: (f64, f64), series: Series) {
        self.shape(at, series, 5.4, GROUND);
        self.shape(at, series, 4.2, series.colour());
    }

    fn shape(&mut self, (x, y): (f64, f64), series: Series, size: f64, colour: RGBColor) {
        let corners: &[(f64, f64)] = match series.0 % 5 {
            0 => {
                let _ =
                    self.backend.draw_circle(pixel((x, y)), (size * SCALE) as u32, &colour.filled(), true);
                return;
            }
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.15), (1.1, 0.85), (-1.1, 0.85)],
            3 => &[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)],
            _ => &[(0.0, 1.15), (1.1, -0.85), (-1.1, -0.85)],
        };
        let corners = corners.iter().map(|(dx, dy)| pixel((x + dx * size, y + dy * size)));
        let _ = self.backend.fill_polygon(corners, &colour.filled());
    }

    pub(super) fn text(&mut self, text: &str, at: (f64, f64), size: f64, colour: RGBColor, align: Align) {
        self.write(text, at, size, colour, align, FontTransform::None);
    }

    /// From the bottom up.
    pub(super) fn upward(&mut self, text: &str, at: (f64, f64), size: f64, colour: RGBColor) {
        self.write(text, at, size, colour, Align::Middle, FontTransform::Rotate270);
    }

    fn write(
        &mut self,
        text: &str,
        at: (f64, f64),
        size: f64,
        colour: RGBColor,
        align: Align,
        turn: FontTransform,
    ) {
        let horizontal = match align {
            Align::Left => HPos::Left,
            Align::Middle => HPos::Center,
            Align::Right => HPos::Right,
        };
        // The backend takes a font's size for the height of its lines, 1.24 of the letters'.
        let font = ("sans-serif", size * SCALE * 1.24).into_font().transform(turn);
        let style = TextStyle::from(font).color(&colour).pos(Pos::new(horizontal, VPos::Center));
        let _ = self.backend.draw_text(text, &style, pixel(at));
    }

    /// A sample of a series and its name.
    pub(super) fn entry(&mut self, (x, y): (f64, f64), series: Series, line: bool, name: &str) {
        if line {
            self.curve([(x, y), (x + 30.0, y)], series);
        }
        self.mark((x + 15.0, y), series);
        self.text(name, (x + 38.0, y), 13.0, INK, Align::Left);
    }
}
