"""Whatever Python calls a picture in, what the compiled part takes out: a path, bytes, or samples."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any, Union, cast

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy
    import PIL.Image

    Picture: TypeAlias = Union[
        str, os.PathLike[str], bytes, bytearray, memoryview, PIL.Image.Image, numpy.ndarray[Any, Any]
    ]
else:
    Picture = Any

_WANTED = (
    "a path, the bytes of a file, a PIL image, or a uint8 array of the shape (height, width), (height, width, 1), "
    "(height, width, 3) or (height, width, 4)"
)

Native = Union[str, bytes, "tuple[int, int, int, bytes]"]


def native(picture: Picture) -> Native:
    """Raises `TypeError` for what is no picture, `ValueError` for an array or image that cannot be taken as one."""
    if isinstance(picture, (str, bytes)):
        return picture
    if isinstance(picture, os.PathLike):
        return os.fsdecode(picture)
    # An object can be a PIL image only if somebody has imported PIL.
    pil = sys.modules.get("PIL.Image")
    if pil is not None and isinstance(picture, pil.Image):
        return _from_pil(picture)
    return _from_buffer(picture)


def _from_buffer(picture: Any) -> Native:
    dtype = getattr(picture, "dtype", None)
    try:
        view = memoryview(picture)
    except (TypeError, ValueError, BufferError):
        # Numpy's arrays of dates, for one, have no buffer.
        if dtype is not None:
            raise TypeError(f"not a picture: {_array(picture, dtype)}; expected {_WANTED}") from None
        raise TypeError(f"not a picture: {type(picture).__qualname__}; expected {_WANTED}") from None
    with view:
        if view.format != "B":
            found = _array(picture, dtype if dtype is not None else view.format)
            raise TypeError(f"not a picture: {found}; expected {_WANTED}")
        if view.ndim == 1:
            # What `numpy.fromfile`, `cv2.imencode` and `mmap` give: a file.
            return view.tobytes()
        shape = view.shape or ()
        channels = shape[2] if len(shape) == 3 else 1
        if len(shape) not in (2, 3) or channels not in (1, 3, 4) or 0 in shape:
            raise ValueError(f"not a picture: {_array(picture, dtype or 'uint8')}; expected {_WANTED}")
        # In C order, whatever the strides are.
        return shape[1], shape[0], channels, view.tobytes()


def _array(picture: Any, dtype: Any) -> str:
    shape = getattr(picture, "shape", None)
    kind = "numpy array" if type(picture).__module__ == "numpy" else type(picture).__qualname__
    return f"a {kind} of shape {shape} and dtype {dtype}"


def _from_pil(image: PIL.Image.Image) -> Native:
    """As the library's own decoders: upright, 8 bits, sRGB; what is transparent is laid over white by the caller."""
    from PIL import ImageOps

    image = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = _from_16_bits(image)
    elif image.mode == "F":
        raise ValueError("not a picture: a PIL image of mode F, whose range is unknown; convert it to L or RGB")
    transparent = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    if not transparent and image.mode in ("L", "1"):
        image = image.convert("L")
    elif transparent or image.mode != "CMYK" or not profile:
        image = image.convert("RGBA" if transparent else "RGB")
    if profile:
        image = _to_srgb(image, profile)
    if not image.width or not image.height:
        raise ValueError(f"not a picture: a PIL image of {image.width}x{image.height} pixels")
    return image.width, image.height, len(image.getbands()), image.tobytes()


def _from_16_bits(image: PIL.Image.Image) -> PIL.Image.Image:
    """Grey, which PIL's own conversion would cut off at 255."""
    if image.mode == "I":
        low, high = cast("tuple[int, int]", image.getextrema())
        if low < 0 or high > 0xFFFF:
            raise ValueError(f"not a picture: a PIL image of mode I with values of {low} to {high}, beyond 16 bits")
    # A linear function is the only kind that PIL takes here. It rounds down.
    return image.convert("I").point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _to_srgb(image: PIL.Image.Image, profile: bytes) -> PIL.Image.Image:
    """By the picture's colour profile. One that cannot be used is ignored, as the library's decoders do."""
    mode = "RGBA" if image.mode == "RGBA" else "L" if image.mode == "L" else "RGB"
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImportError, OSError, ValueError, TypeError) + _cms_errors():
        return image if image.mode == mode else image.convert(mode)
    return converted if converted is not None else image


def _cms_errors() -> tuple[type[Exception], ...]:
    try:
        from PIL.ImageCms import PyCMSError
    except ImportError:
        return ()
    return (PyCMSError,)
