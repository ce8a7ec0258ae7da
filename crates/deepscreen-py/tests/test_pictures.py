"""Decoded pictures: numpy arrays and PIL images say what their file says."""

import io
import mmap

import deepscreen
import numpy
import PIL.Image
import pytest


def distance(a, b):
    """In how many of 256 bits two PDQ hashes differ."""
    return (int(a.pdq.hash, 16) ^ int(b.pdq.hash, 16)).bit_count()


def array(path, mode="RGB"):
    return numpy.asarray(PIL.Image.open(path).convert(mode))


def test_an_array_and_an_image_say_the_same_as_their_lossless_file(screener, fixtures):
    path = fixtures / "images/png_rgb8.png"
    by_file = screener.screen(path)
    for picture in (array(path), PIL.Image.open(path)):
        screening = screener.screen(picture)
        assert screening.hashes == by_file.hashes
        assert screening.verdict.probability == by_file.verdict.probability
        assert (screening.input.format, screening.input.path) == ("pixels", None)
        assert screening.input.bytes == screening.input.width * screening.input.height * 3


# Everything that a PIL image can be: grey, bits, palettes, transparency, 16 bits, EXIF, profiles, inks.
@pytest.mark.parametrize(
    "name",
    [
        "png_gray1.png", "png_gray8.png", "png_gray16.png", "png_gray_alpha.png", "png_palette.png",
        "png_palette_trns.png", "png_rgba8.png", "png_exif_6.png", "png_iccp_swapped.png", "jpeg_gray.jpg",
        "jpeg_exif_6.jpg", "jpeg_exif_7.jpg", "jpeg_tall_exif_8.jpg", "jpeg_icc_swapped.jpg", "jpeg_cmyk.jpg",
        "tiff_rgba.tif", "tiff_cmyk.tif", "webp_alpha.webp", "webp_exif_6.webp", "webp_icc_swapped.webp",
        "gif_still.gif", "gif_animated.gif", "bmp_8.bmp",
    ],
)  # fmt: skip
def test_a_pil_image_is_seen_as_its_file_is(hasher, fixtures, name):
    path = fixtures / "images" / name
    by_file, by_image = hasher.screen(path), hasher.screen(PIL.Image.open(path))
    assert (by_image.input.width, by_image.input.height) == (by_file.input.width, by_file.input.height)
    assert not by_image.failures
    # Decoders of JPEG differ in the last bit, and profiles are converted by different libraries.
    assert distance(by_file.hashes, by_image.hashes) <= 8, name


def test_a_pil_image_is_left_as_it_was(hasher, fixtures):
    image = PIL.Image.open(fixtures / "images/jpeg_exif_6.jpg")
    before = (image.size, image.mode)
    hasher.screen(image)
    assert (image.size, image.mode) == before


def test_transparency_is_laid_over_white():
    size = (96, 96)
    shape = numpy.zeros((*size, 4), numpy.uint8)
    shape[20:60, 30:90, 3] = 255
    shape[70:80, 10:60, 3] = 100
    white = numpy.full((*size, 3), 255, numpy.uint8)
    white[20:60, 30:90] = 0
    white[70:80, 10:60] = 155
    expected = deepscreen.hash(white)
    assert deepscreen.hash(shape) == expected
    assert deepscreen.hash(PIL.Image.fromarray(shape)) == expected


def test_arrays_of_any_layout_say_the_same(fixtures):
    picture = array(fixtures / "images/png_rgb8.png")
    expected = deepscreen.hash(picture)
    wide = numpy.zeros((picture.shape[0], picture.shape[1] * 2, 3), numpy.uint8)
    wide[:, ::2] = picture
    for same in (wide[:, ::2], numpy.asfortranarray(picture), picture[::-1][::-1], picture[..., ::-1][..., ::-1]):
        assert deepscreen.hash(same) == expected
    read_only = picture.copy()
    read_only.flags.writeable = False
    assert deepscreen.hash(read_only) == expected
    assert deepscreen.hash(memoryview(numpy.ascontiguousarray(picture))) == expected


def test_grey_arrays_have_two_or_three_dimensions(fixtures):
    grey = array(fixtures / "images/png_gray8.png", "L")
    expected = deepscreen.hash(grey)
    assert deepscreen.hash(grey[..., None]) == expected
    assert deepscreen.hash(numpy.repeat(grey[..., None], 3, axis=2)) == expected


def test_a_flat_buffer_is_a_file(photo):
    expected = deepscreen.hash(photo)
    assert deepscreen.hash(numpy.fromfile(photo, numpy.uint8)) == expected
    with open(photo, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert deepscreen.hash(mapped) == expected


@pytest.mark.parametrize(
    "picture, kind, parts",
    [
        (numpy.zeros((4, 4, 3), numpy.float32), TypeError, ["(4, 4, 3)", "float32"]),
        (numpy.zeros((4, 4, 3), numpy.int8), TypeError, ["int8"]),
        (numpy.zeros((4, 4), bool), TypeError, ["bool"]),
        (numpy.zeros((4, 4), "datetime64[s]"), TypeError, ["datetime64"]),
        (numpy.zeros((4, 4), object), TypeError, ["object"]),
        (numpy.zeros((3, 4, 4), numpy.uint8)[..., :2], ValueError, ["(3, 4, 2)", "uint8"]),
        (numpy.zeros((1, 4, 4, 3), numpy.uint8), ValueError, ["(1, 4, 4, 3)"]),
        (numpy.zeros((0, 4, 3), numpy.uint8), ValueError, ["(0, 4, 3)"]),
        (PIL.Image.new("F", (4, 4)), ValueError, ["mode F"]),
        (PIL.Image.new("I", (4, 4), 70_000), ValueError, ["mode I", "70000"]),
        (None, TypeError, ["NoneType"]),
        (7, TypeError, ["int"]),
        (io.BytesIO(b""), TypeError, ["BytesIO"]),
        (["a.jpg"], TypeError, ["list"]),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_named(hasher, picture, kind, parts):
    for call in (hasher.screen, deepscreen.hash):
        with pytest.raises(kind) as raised:
            call(picture)
        for part in [*parts, "expected" if "mode" not in str(raised.value) else "mode"]:
            assert part in str(raised.value)
