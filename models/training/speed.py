"""Time of a model for a picture, beside a ResNet-18 of random weights on one view of 224 x 224, in turns, one thread.

    python speed.py MODEL_FOLDER [--views 4] [--rounds 40]
"""
import argparse, pathlib, time

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import data, network


def resnet18():
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
    node("Gemm", [flat, weights("head_w", 1000, 512), weights("head_b", 1000)], "output", transB=1)
    graph = helper.make_graph(nodes, "resnet18",
                              [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, data.SIDE, data.SIDE])],
                              [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", 1000])], inits)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("--views", type=int, default=4)
    ap.add_argument("--rounds", type=int, default=40)
    a = ap.parse_args()
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
