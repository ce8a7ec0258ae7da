"""Time of a model for a picture, beside a ResNet-18 of random weights on one view of 224 x 224, in turns, one thread.

    python speed.py MODEL_FOLDER [--views 4] [--rounds 40]
    python speed.py MODEL_FOLDER --program deepscreen [--rounds 5] [--engine onnxruntime --onnxruntime PATH]

With --program the program scans 40 pictures of 224 x 224 pixels with either model, by default on the embedded engine; what
one picture takes is the difference to a scan of a single one, so that starting the program and loading the model do not
count. What both scans do besides (decoding, hashes) does.
"""
import argparse, pathlib, subprocess, tempfile, time

import numpy as np
from PIL import Image
from onnx import TensorProto, helper, numpy_helper

import data, network


def resnet18(outputs=1000):
    """ResNet-18 as a plain ONNX graph, batch norm folded away: what matters is the time."""
    nodes, inits, draw = [], [], np.random.default_rng(data.SEED)

    def weights(name, *shape):
        inits.append(numpy_helper.from_array(draw.normal(0, 0.05, shape).astype(np.float32), name))
        return name

    def node(op, inputs, name, **attributes):
        nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def conv(x, name, before, after, kernel, stride):
        return node("Conv", [x, weights(name + "_w", after, before, kernel, kernel), weights(name + "_b", after)], name,
                    kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[kernel // 2] * 4)

    x = node("Relu", [conv("input", "stem", 3, 64, 7, 2)], "stem_relu")
    x = node("MaxPool", [x], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    width = 64
    for stage, after in enumerate((64, 128, 256, 512)):
        for block in range(2):
            name, stride = f"block{stage}{block}", 2 if stage and not block else 1
            y = node("Relu", [conv(x, name + "_1", width, after, 3, stride)], name + "_relu1")
            y = conv(y, name + "_2", after, after, 3, 1)
            x = conv(x, name + "_short", width, after, 1, stride) if width != after else x
            x, width = node("Relu", [node("Add", [x, y], name + "_add")], name + "_relu2"), after
    flat = node("Flatten", [node("GlobalAveragePool", [x], "mean")], "flat")
    node("Gemm", [flat, weights("head_w", outputs, 512), weights("head_b", outputs)], "output", transB=1)
    graph = helper.make_graph(nodes, "resnet18",
                              [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, data.SIDE, data.SIDE])],
                              [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", outputs])], inits)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


CONTRACT = """schema = 1
id = "resnet18"
version = 1
name = "ResNet-18 of random weights"
detects = "ai_generated"
licence = "MIT"
file = { path = "model.onnx" }
input = { layout = "nchw", color = "rgb", width = 224, height = 224 }
preprocess = { views = "whole", scale = 0.00392156862745098, mean = [0.5], std = [0.5], steps = [{ op = "resize", width = 224, height = 224, resample = "bilinear" }] }
output = { kind = "logit" }
"""


def by_program(program, model, rounds, options):
    """Seconds a picture of the model and of a ResNet-18, in each round."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "resnet18").mkdir()
        (folder / "resnet18" / "model.onnx").write_bytes(resnet18(outputs=1))
        (folder / "resnet18" / "model.toml").write_text(CONTRACT)
        draw = np.random.default_rng(data.SEED)
        for name, count in (("one", 1), ("many", 40)):
            (folder / name).mkdir()
            for at in range(count):
                Image.fromarray(draw.integers(0, 256, (data.SIDE, data.SIDE, 3), np.uint8)).save(folder / name / f"{at}.png")
        taken = ([], [])
        for _ in range(rounds):
            for path, times in zip((model.resolve(), folder / "resnet18"), taken):
                seconds = []
                for name in ("one", "many"):
                    start = time.perf_counter()
                    subprocess.run([program, "scan", folder / name, "--model", path, "--threads", "1", "--format", "csv", *options],
                                   check=True, stdout=subprocess.DEVNULL)
                    seconds.append(time.perf_counter() - start)
                times.append((seconds[1] - seconds[0]) / 39)
        return taken


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("--views", type=int, default=4)
    ap.add_argument("--rounds", type=int, default=40)
    ap.add_argument("--program")
    ap.add_argument("--engine", default="rten")
    ap.add_argument("--onnxruntime")
    a = ap.parse_args()
    if a.program:
        options = ["--engine", a.engine] + (["--onnxruntime", a.onnxruntime] if a.onnxruntime else [])
        mine, theirs = (1000 * np.median(part) for part in by_program(a.program, a.model, a.rounds, options))
        print(f"{a.engine}: {mine:.0f} ms, ResNet-18 {theirs:.0f} ms, ratio {mine / theirs:.2f} (medians of {a.rounds})")
        return
    sessions = network.session(str(a.model / "model.onnx")), network.session(resnet18())
    pixels = np.random.default_rng(data.SEED).integers(0, 256, (a.views, data.SIDE, data.SIDE, 3), np.uint8)
    x, taken = network.normalise(pixels), ([], [])
    for _ in range(a.rounds):
        for session, part, times in zip(sessions, (x, x[:1]), taken):
            start = time.perf_counter()
            session.run(None, {"input": part})
            times.append(1000 * (time.perf_counter() - start))
    mine, theirs = map(np.median, taken)
    print(f"{a.views} views {mine:.1f} ms, ResNet-18 {theirs:.1f} ms, ratio {mine / theirs:.2f} (medians of {a.rounds})")


if __name__ == "__main__":
    main()
