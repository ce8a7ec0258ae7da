"""Score pictures with the shipped file alone, as the library does: the reference for other implementations.

    python predict.py MODEL_FOLDER PICTURE ... [--json OUT] [--time]
"""
import argparse, json, math, pathlib, time, tomllib

import data, export, network


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("pictures", nargs="+")
    ap.add_argument("--json")
    ap.add_argument("--time", action="store_true", help="time the network on the four views, one thread")
    a = ap.parse_args()
    contract = tomllib.loads((a.model / "model.toml").read_text())
    run = network.session(str(a.model / contract["file"]["path"]))
    out = []
    for path in a.pictures:
        image = data.decode(path)
        x = network.normalise(data.views(image))
        logits = run.run(None, {contract["input"]["name"]: x})[0]
        pooled = export.pooled(logits)
        c = contract["calibration"]
        out.append({"picture": pathlib.Path(path).name, "width": image.width, "height": image.height,
                    "logits": dict(zip(("whole", "centre", "top_left", "bottom_right"), map(float, (logits[0, 0], *logits[1:, 1])))),
                    "pooled": pooled,
                    "probability": round(1 / (1 + math.exp(-(c["slope"] * pooled + c["intercept"]))), 4)})
        if a.time:
            start = time.perf_counter()
            for _ in range(20):
                run.run(None, {contract["input"]["name"]: x})
            out[-1]["milliseconds"] = round((time.perf_counter() - start) * 50, 1)
    text = json.dumps({"sha256": contract["file"]["sha256"], "pictures": out}, indent=1)
    if a.json:
        pathlib.Path(a.json).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
