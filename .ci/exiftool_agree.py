#!/usr/bin/env python3
"""Checks that metadata reads as ExifTool reads it, in every field that both know.

usage: exiftool_agree.py EXAMPLE PICTURES

EXAMPLE is the crate's example `metadata`, which prints every field that it reads; PICTURES is a folder. Needs exiftool on the path (Debian: libimage-exiftool-perl); says so and passes where it is not.
"""
import collections
import json
import re
import shutil
import subprocess
import sys

# Our field, and where ExifTool puts it: groups are as in `-G1`.
EXIF = {"Make": "Make", "Model": "Model", "Software": "Software", "DateTime": "ModifyDate", "DateTimeOriginal": "DateTimeOriginal",
        "DateTimeDigitized": "CreateDate", "LensMake": "LensMake", "LensModel": "LensModel", "Orientation": "Orientation",
        "Artist": "Artist"}
XMP = {"xmp:CreatorTool": "XMP-xmp:CreatorTool", "xmp:CreateDate": "XMP-xmp:CreateDate", "xmp:ModifyDate": "XMP-xmp:ModifyDate",
       "photoshop:DateCreated": "XMP-photoshop:DateCreated", "tiff:Make": "XMP-tiff:Make", "tiff:Model": "XMP-tiff:Model",
       "Iptc4xmpExt:DigitalSourceType": "XMP-iptcExt:DigitalSourceType", "aux:Lens": "XMP-aux:Lens",
       "exif:DateTimeOriginal": "XMP-exif:DateTimeOriginal", "tiff:Orientation": "XMP-tiff:Orientation"}
IPTC = {"DateCreated": "IPTC:DateCreated", "OriginatingProgram": "IPTC:OriginatingProgram"}


def places(field):
    """Where ExifTool may have the value of a field of ours."""
    if field.startswith("exif."):
        name = EXIF.get(field[5:])
        return [f"{group}:{name}" for group in ("IFD0", "ExifIFD", "IFD1")] if name else []
    if field.startswith("xmp."):
        return [XMP[field[4:]]] if field[4:] in XMP else []
    if field.startswith("iptc."):
        return [IPTC[field[5:]]] if field[5:] in IPTC else []
    return []


def plain(value):
    """A value without what the two write differently: spaces at its ends, the form of dates, unreadable letters."""
    text = re.sub(r"[\ufffd\x00-\x1f\x7f-\x9f?]", "", str(value)).strip()
    text = re.sub(r"\s+", " ", text)
    if re.match(r"\d{4}[-:]\d\d[-:]\d\d", text) or re.fullmatch(r"\d{8}", text):
        digits = re.sub(r"\D", "", text)
        return digits[:14]
    try:
        number = float(text)
        return str(int(number)) if number.is_integer() else text
    except (ValueError, OverflowError):
        return text


def main():
    program, pictures = sys.argv[1:]
    if not shutil.which("exiftool"):
        print("skipped: exiftool is not installed (apt-get install libimage-exiftool-perl)")
        return 0
    ours = subprocess.run([program, pictures], capture_output=True, text=True, check=True)
    records = {}
    for record in map(json.loads, ours.stdout.splitlines()):
        fields = records.setdefault(record["path"], collections.defaultdict(set))
        for name, value in record["fields"]:
            fields[name].add(plain(value))
    theirs = subprocess.run(["exiftool", "-json", "-G1", "-a", "-n", "-r", "-q", "-q", "-charset", "filename=utf8", *args(), pictures],
                            capture_output=True, text=True)
    tags = {entry["SourceFile"]: entry for entry in json.loads(theirs.stdout)}

    agreed, wrong, only_ours, only_theirs = 0, [], [], []
    for path, fields in records.items():
        entry = tags.get(path)
        if entry is None:
            continue
        for field, values in sorted(fields.items()):
            where = places(field)
            if not where:
                continue
            expected = {plain(one) for place in where if place in entry for one in as_list(entry[place])}
            if not expected:
                only_ours.append((path, field, sorted(values)))
            elif values & expected or any(a[:100] == b[:100] for a in values for b in expected):
                agreed += 1
            else:
                wrong.append((path, field, sorted(values), sorted(expected)))
        ours = {place for field in fields for place in places(field)}
        known = [f"{group}:{name}" for name in EXIF.values() for group in ("IFD0", "ExifIFD")] + [*XMP.values(), *IPTC.values()]
        for place in known:
            if place in entry and place not in ours and plain(entry[place]):
                only_theirs.append((path, place, entry[place]))
    # ExifTool gives up on files that are cut or otherwise broken, and needs a module of Perl for compressed boxes: some of
    # what it leaves out is shown.
    for title, rows in (("differs", wrong), ("only exiftool", only_theirs), ("only deepscreen", only_ours[:10])):
        for row in rows:
            print(f"{title}: {row}")
    files = sum(1 for fields in records.values() if fields)
    print(f"{agreed} fields of {files} files alike, {len(wrong)} differ, {len(only_ours)} read by deepscreen alone, "
          f"{len(only_theirs)} by exiftool alone")
    if agreed < LEAST:
        print("too few to mean anything")
    return 1 if wrong or only_theirs or agreed < LEAST else 0


# Fields that agree where all test pictures are there: 383.
LEAST = 300


def as_list(value):
    return value if isinstance(value, list) else [value]


def args():
    names = sorted({place.split(":")[1] for place in [*XMP.values(), *IPTC.values()]} | set(EXIF.values()))
    return [f"-{name}" for name in names]


if __name__ == "__main__":
    sys.exit(main())
