//! Own neutral pictograms, drawn as paths. The marks of pagoPA, of app IO and of Poste are not ours to ship.
#![expect(clippy::float_arithmetic, reason = "points on a page, never money")]

use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder};
use krilla::num::NormalizedF32;
use krilla::paint::{LineCap, LineJoin, Stroke};

use super::sheet::{BLACK, Color};

const BLUE: Color = (0x00, 0x4d, 0x99);
const WHITE: Color = (0xff, 0xff, 0xff);
/// Control points of a quarter of a circle, as a part of its radius.
const QUARTER: f32 = 0.552_285;

type Points = &'static [(f32, f32)];

/// One stroke or area.
pub(in crate::render) enum Shape {
    /// An open line.
    Line(Points, Color),
    /// A closed area.
    Area(Points, Color),
    /// A closed outline on white.
    Outline(Points, Color),
    /// A circle on white: centre and radius.
    Circle((f32, f32), f32, Color),
    /// A filled circle.
    Dot((f32, f32), f32, Color),
}

/// A drawing and the width of its own coordinates.
pub(in crate::render) struct Pictogram {
    pub(in crate::render) width: f32,
    pub(in crate::render) shapes: &'static [Shape],
}

impl Shape {
    pub(super) fn path(&self) -> Option<Path> {
        let mut path = PathBuilder::new();
        match self {
            Shape::Line(points, _) => polygon(&mut path, points),
            Shape::Area(points, _) | Shape::Outline(points, _) => {
                polygon(&mut path, points);
                path.close();
            }
            Shape::Circle(centre, radius, _) | Shape::Dot(centre, radius, _) => {
                circle(&mut path, *centre, *radius);
            }
        }
        path.finish()
    }

    pub(super) fn fill(&self) -> Option<Color> {
        match self {
            Shape::Line(..) => None,
            Shape::Area(_, color) | Shape::Dot(_, _, color) => Some(*color),
            Shape::Outline(..) | Shape::Circle(..) => Some(WHITE),
        }
    }

    pub(super) fn stroke(&self) -> Option<Stroke> {
        let (r, g, b) = match self {
            Shape::Line(_, color) | Shape::Outline(_, color) | Shape::Circle(_, _, color) => *color,
            Shape::Area(..) | Shape::Dot(..) => return None,
        };
        Some(Stroke {
            paint: rgb::Color::new(r, g, b).into(),
            width: 1.5,
            opacity: NormalizedF32::ONE,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        })
    }
}

fn polygon(path: &mut PathBuilder, points: Points) {
    let mut points = points.iter();
    if let Some((x, y)) = points.next() {
        path.move_to(*x, *y);
    }
    for (x, y) in points {
        path.line_to(*x, *y);
    }
}

fn circle(path: &mut PathBuilder, (x, y): (f32, f32), r: f32) {
    let k = r * QUARTER;
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
}

/// A sheet with a folded corner and a square code: the mark of a notice.
pub(in crate::render) const NOTICE: Pictogram = Pictogram {
    width: 42.0,
    shapes: &[
        Shape::Area(
            &[
                (1.0, 0.0),
                (33.0, 0.0),
                (41.0, 8.0),
                (41.0, 28.0),
                (1.0, 28.0),
            ],
            BLUE,
        ),
        Shape::Area(&[(33.0, 0.0), (33.0, 8.0), (41.0, 8.0)], (0x99, 0xc2, 0xeb)),
        Shape::Area(&[(6.0, 7.0), (19.0, 7.0), (19.0, 20.0), (6.0, 20.0)], WHITE),
        Shape::Area(&[(8.0, 9.0), (12.0, 9.0), (12.0, 13.0), (8.0, 13.0)], BLUE),
        Shape::Area(
            &[(13.0, 14.0), (17.0, 14.0), (17.0, 18.0), (13.0, 18.0)],
            BLUE,
        ),
        Shape::Area(
            &[(14.0, 9.0), (17.0, 9.0), (17.0, 12.0), (14.0, 12.0)],
            BLUE,
        ),
        Shape::Area(
            &[(8.0, 15.0), (11.0, 15.0), (11.0, 18.0), (8.0, 18.0)],
            BLUE,
        ),
        Shape::Line(&[(23.5, 13.0), (35.5, 13.0)], WHITE),
        Shape::Line(&[(23.5, 18.0), (35.5, 18.0)], WHITE),
        Shape::Line(&[(6.5, 24.0), (35.5, 24.0)], WHITE),
    ],
};

/// The front of a town hall: stands where a creditor has given no arms of its own.
pub(in crate::render) const TOWN_HALL: Pictogram = Pictogram {
    width: 60.0,
    shapes: &[
        Shape::Line(&[(30.0, 1.0), (30.0, 12.0)], BLUE),
        Shape::Area(&[(30.0, 1.0), (39.0, 3.5), (30.0, 6.0)], BLUE),
        Shape::Outline(&[(6.0, 25.0), (30.0, 11.0), (54.0, 25.0)], BLUE),
        Shape::Circle((30.0, 19.5), 2.6, BLUE),
        Shape::Area(
            &[(6.0, 27.5), (54.0, 27.5), (54.0, 30.5), (6.0, 30.5)],
            BLUE,
        ),
        Shape::Outline(
            &[(10.0, 32.5), (14.0, 32.5), (14.0, 50.0), (10.0, 50.0)],
            BLUE,
        ),
        Shape::Outline(
            &[(19.0, 32.5), (23.0, 32.5), (23.0, 50.0), (19.0, 50.0)],
            BLUE,
        ),
        Shape::Outline(
            &[(37.0, 32.5), (41.0, 32.5), (41.0, 50.0), (37.0, 50.0)],
            BLUE,
        ),
        Shape::Outline(
            &[(46.0, 32.5), (50.0, 32.5), (50.0, 50.0), (46.0, 50.0)],
            BLUE,
        ),
        Shape::Area(
            &[
                (27.0, 50.8),
                (27.0, 37.0),
                (30.0, 34.5),
                (33.0, 37.0),
                (33.0, 50.8),
            ],
            BLUE,
        ),
        Shape::Area(
            &[(6.0, 52.0), (54.0, 52.0), (54.0, 54.5), (6.0, 54.5)],
            BLUE,
        ),
        Shape::Area(
            &[(2.0, 56.5), (58.0, 56.5), (58.0, 59.0), (2.0, 59.0)],
            BLUE,
        ),
    ],
};

/// A screen and a telephone.
pub(in crate::render) const DEVICES: Pictogram = Pictogram {
    width: 44.0,
    shapes: &[
        Shape::Outline(&[(5.0, 4.0), (38.0, 4.0), (38.0, 26.0), (5.0, 26.0)], BLACK),
        Shape::Line(&[(1.0, 30.0), (43.0, 30.0)], BLACK),
        Shape::Outline(
            &[(30.0, 14.0), (40.0, 14.0), (40.0, 33.0), (30.0, 33.0)],
            BLACK,
        ),
        Shape::Line(&[(34.0, 30.0), (36.0, 30.0)], BLACK),
    ],
};

/// A shop with its awning.
pub(in crate::render) const SHOP: Pictogram = Pictogram {
    width: 44.0,
    shapes: &[
        Shape::Outline(
            &[(7.0, 16.0), (37.0, 16.0), (37.0, 34.0), (7.0, 34.0)],
            BLACK,
        ),
        Shape::Outline(
            &[
                (9.0, 3.0),
                (35.0, 3.0),
                (41.0, 13.0),
                (41.0, 17.0),
                (3.0, 17.0),
                (3.0, 13.0),
            ],
            BLACK,
        ),
        Shape::Line(&[(3.0, 13.0), (41.0, 13.0)], BLACK),
        Shape::Line(&[(15.5, 3.0), (13.0, 17.0)], BLACK),
        Shape::Line(&[(28.5, 3.0), (31.0, 17.0)], BLACK),
        Shape::Outline(
            &[(24.0, 22.0), (32.0, 22.0), (32.0, 34.0), (24.0, 34.0)],
            BLACK,
        ),
        Shape::Outline(
            &[(12.0, 22.0), (19.0, 22.0), (19.0, 28.0), (12.0, 28.0)],
            BLACK,
        ),
    ],
};

/// The letter i in a ring.
pub(in crate::render) const INFO: Pictogram = Pictogram {
    width: 16.0,
    shapes: &[
        Shape::Circle((8.0, 8.0), 7.0, BLACK),
        Shape::Line(&[(8.0, 7.5), (8.0, 11.8)], BLACK),
        Shape::Dot((8.0, 4.6), 0.95, BLACK),
    ],
};

/// A tick in a ring: paid.
pub(in crate::render) const PAID: Pictogram = Pictogram {
    width: 28.0,
    shapes: &[
        Shape::Dot((14.0, 14.0), 14.0, BLUE),
        Shape::Line(&[(7.5, 14.5), (12.0, 19.0), (20.5, 9.5)], WHITE),
    ],
};
