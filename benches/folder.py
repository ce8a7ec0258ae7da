#!/usr/bin/env python3
"""Sets `deepscreen scan` beside Python scripts with Pillow and onnxruntime, on all cores, in one run.

usage: folder.py DEEPSCREEN FOLDER [--pictures 2000] [--megapixels 0.2 2] [--rounds 8] [--cores N] [--no-rten]

FOLDER is filled with JPEGs as they are on the web (0.2 to 2 megapixels, qualities of 75 to 90) where it holds too few,
or as cameras make them (`--megapixels 8 12`, another FOLDER), and with a network of ResNet-18's shape and random weights beside them. Each round takes the next part of the pictures
and runs over it, one after another, so that a machine that slows down slows all:

  deepscreen     `scan --format jsonl`, on ONNX Runtime and on rten
  python         Pillow opens, converts, resizes and crops, numpy normalises, onnxruntime runs batches of 8
    single         one picture after another, no batches, the session as it is by default: what most scripts do
    loop           one batch after another, the session with all cores
    threads        a thread a core prepares, the session with all cores runs
    processes      a process a core, each with a session of one thread
  bare           ONNX Runtime alone on ready tensors, batches of 8
    session        one session with all cores
    processes      a process a core, each with a session of one thread

The fastest of each kind, found on the first pictures, stands for it, beside the single pictures of most scripts.
Start-up (imports, loading the network) is left out for all alike: the time that each takes over one picture. deepscreen
does more in that time: SHA-256, PDQ and three other hashes of each picture, a verdict and a record. The time of cores,
all threads added up, is what other work on the machine distorts least.

Needs: pip install pillow numpy onnx onnxruntime
"""
import argparse
import importlib.util
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

# What a person writes who wants a folder classified soon; the same pixels as deepscreen's, so no `draft`, which lets
# libjpeg shrink the picture by another filter.
PYTHON = """
import itertools, multiprocessing, queue, sys
from concurrent.futures import ThreadPoolExecutor
import numpy, onnxruntime
from PIL import Image

way, network_path, cores = sys.argv[1], sys.argv[2], int(sys.argv[3])
paths = sys.stdin.read().splitlines()
MEAN = numpy.array([0.485, 0.456, 0.406], numpy.float32)
STD = numpy.array([0.229, 0.224, 0.225], numpy.float32)
SLOPE, SHIFT = 1 / (255 * STD), -MEAN / STD

def tensor(path):
    picture = Image.open(path).convert("RGB")
    width, height = picture.size
    size = (256, 256 * height // width) if width <= height else (256 * width // height, 256)
    picture = picture.resize(size, Image.BILINEAR)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    picture = picture.crop((left, top, left + 224, top + 224))
    return (numpy.asarray(picture) * SLOPE + SHIFT).transpose(2, 0, 1)

def ready(path):
    return numpy.full((3, 224, 224), len(path) / 100, numpy.float32)

def session(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(network_path, options, providers=["CPUExecutionProvider"])

def batches(items):
    items = iter(items)
    while batch := list(itertools.islice(items, 8)):
        yield batch

def run(network, tensors):
    return network.run(None, {"input": numpy.stack(tensors)})[0].tolist()

def start(prepare):
    global own, own_prepare
    own, own_prepare = session(1), prepare

def work(paths):
    return run(own, [own_prepare(path) for path in paths])

def processes(prepare):
    with multiprocessing.Pool(cores, start, (prepare,)) as pool:
        yield from pool.imap(work, batches(paths))

def loop(prepare):
    network = session(cores)
    for batch in batches(paths):
        yield run(network, [prepare(path) for path in batch])

def single(prepare):
    network = onnxruntime.InferenceSession(network_path, providers=["CPUExecutionProvider"])
    for path in paths:
        yield run(network, [prepare(path)])

def threads(prepare):
    network = session(cores)
    with ThreadPoolExecutor(cores) as pool:
        coming = (pool.submit(prepare, path) for path in paths)
        ahead = list(itertools.islice(coming, 32))
        while ahead:
            yield run(network, [task.result() for task in ahead[:8]])
            ahead = ahead[8:] + list(itertools.islice(coming, 8))

if __name__ == "__main__":
    kind, way = way.split()
    ways = {"single": single, "loop": loop, "threads": threads, "processes": processes, "session": loop}
    made = ways[way]({"python": tensor, "bare": ready}[kind])
    assert sum(len(batch) for batch in made) == len(paths)
"""
CONTRACT = """schema = 1
id = "resnet18"
version = 1
name = "Random weights of ResNet-18's shape"
detects = "ai_generated"
licence = "CC0-1.0"

[file]
path = "model.onnx"

[input]
width = 224
height = 224

[preprocess]
mean = [0.485, 0.456, 0.406]
std = [0.229, 0.224, 0.225]

[[preprocess.steps]]
op = "resize_shortest"
size = 256
resample = "bilinear"

[[preprocess.steps]]
op = "center_crop"
width = 224
height = 224

[output]
kind = "logits"
classes = ["real", "fake"]
fake = ["fake"]
"""


def write_network(folder):
    """ResNet-18 (He et al. 2015) for two classes, batch normalisation folded into the convolutions as PyTorch exports
    it: 11.2 million parameters, 1.8 billion multiplications a picture."""
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    draw, nodes, weights = numpy.random.default_rng(18), [], []

    def constant(name, shape, deviation):
        values = draw.normal(0, deviation, shape).astype(numpy.float32)
        weights.append(numpy_helper.from_array(values, name))
        return name

    def node(kind, inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [f"{kind.lower()}{len(nodes)}"], **attributes))
        return nodes[-1].output[0]

    def convolution(x, channels, to, side, stride):
        name = f"convolution{len(nodes)}"
        kernel = constant(f"{name}.weight", (to, channels, side, side), (2 / (channels * side * side)) ** 0.5)
        bias = constant(f"{name}.bias", (to,), 0.01)
        return node("Conv", [x, kernel, bias], kernel_shape=[side] * 2, strides=[stride] * 2, pads=[side // 2] * 4)

    def block(x, channels, to, stride):
        y = node("Relu", [convolution(x, channels, to, 3, stride)])
        y = convolution(y, to, to, 3, 1)
        straight = x if channels == to else convolution(x, channels, to, 1, stride)
        return node("Relu", [node("Add", [y, straight])])

    x = node("Relu", [convolution("input", 3, 64, 7, 2)])
    x = node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for to in (64, 128, 256, 512):
        x = block(x, channels, to, 1 if to == 64 else 2)
        x = block(x, to, to, 1)
        channels = to
    x = node("Flatten", [node("GlobalAveragePool", [x])])
    head = [x, constant("head.weight", (2, 512), 0.01), constant("head.bias", (2,), 0.01)]
    nodes.append(helper.make_node("Gemm", head, ["output"], transB=1))
    graph = helper.make_graph(
        nodes,
        "resnet18",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 2])],
        weights,
    )
    folder.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    (folder / "model.toml").write_text(CONTRACT)


def write_pictures(paths, least, most):
    """Parts of one scene, of other sizes and qualities; `least` and `most` in megapixels."""
    import numpy
    from make_pictures import picture

    draw = numpy.random.default_rng(int(paths[0].stem))
    # Wide and high enough for 16:9 and for 2:3 of the largest area.
    scene = picture(draw, round((most * 1.8e6) ** 0.5), round((most * 1.53e6) ** 0.5))
    for path in paths:
        area = least * 1e6 * (most / least) ** draw.uniform()
        proportion = draw.choice([1, 4 / 3, 3 / 2, 16 / 9, 3 / 4, 2 / 3])
        width, height = round((area * proportion) ** 0.5), round((area / proportion) ** 0.5)
        left, top = draw.integers(0, scene.width - width + 1), draw.integers(0, scene.height - height + 1)
        part = scene.crop((left, top, left + width, top + height))
        part.save(path, quality=int(draw.integers(75, 91)))


def pictures_of(folder, count, megapixels, cores):
    from multiprocessing import Pool

    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i:05}.jpg" for i in range(count)]
    scenes = [paths[at : at + 20] for at in range(0, count, 20)]
    with Pool(cores) as pool:
        missing = [scene for scene in scenes if not all(path.exists() for path in scene)]
        pool.starmap(write_pictures, [(scene, *megapixels) for scene in missing], 1)
    return paths


def run(command, paths):
    """Seconds, seconds of cores, and the peak of resident memory in MiB."""
    start = time.perf_counter()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, stdin=subprocess.PIPE, **quiet) as process:
        process.stdin.write("\n".join(map(str, paths)).encode())
        process.stdin.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command}: {process.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deepscreen")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--megapixels", type=float, nargs=2, default=(0.2, 2.0), metavar=("LEAST", "MOST"))
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-rten", action="store_true", help="leave the slow engine out")
    arguments = parser.parse_args()
    cores, model = arguments.cores, arguments.folder / "resnet18"
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    if not model.exists():
        write_network(model)
    paths = pictures_of(arguments.folder / "pictures", arguments.pictures, arguments.megapixels, cores)
    kilobytes = sum(path.stat().st_size for path in paths) / len(paths) / 1024
    print(f"{len(paths)} JPEGs of {kilobytes:.0f} KB on average, {cores} cores")

    # The very library that the scripts run.
    package = pathlib.Path(importlib.util.find_spec("onnxruntime").origin).parent
    library = next((package / "capi").glob("libonnxruntime.so*"))

    def ours(engine):
        flags = ["--model", str(model), "--trust-models", "--engine", engine, "--threads", str(cores)]
        if engine == "onnxruntime":
            flags += ["--onnxruntime", str(library)]
        return [shutil.which(arguments.deepscreen), "scan", "--format", "jsonl", *flags, "-"]

    def script(way):
        return [sys.executable, "-c", PYTHON, way, str(model / "model.onnx"), str(cores)]

    def fastest(ways):
        sample = paths[: 32 * cores]
        net = lambda way: run(script(way), sample)[0] - run(script(way), paths[:1])[0]
        times = {way: min(net(way) for _ in range(3)) for way in ways}
        for way, seconds in times.items():
            print(f"  {way:18} {len(sample) / seconds:7.1f} pictures a second, on {len(sample)}")
        return min(times, key=times.get)

    python = fastest(["python loop", "python threads", "python processes"])
    plain = "python single"
    bare = fastest(["bare session", "bare processes"])
    commands = {"deepscreen": ours("onnxruntime"), plain: script(plain), python: script(python), bare: script(bare)}
    if not arguments.no_rten:
        commands["deepscreen, rten"] = ours("rten")
    idle = {}
    for name, command in commands.items():
        runs = [run(command, paths[:1]) for _ in range(3)]
        idle[name] = [min(column) for column in zip(*runs)]
    rates, cost = {name: [] for name in commands}, {name: [] for name in commands}
    part = len(paths) // arguments.rounds
    for start in range(0, part * arguments.rounds, part):
        for name, command in commands.items():
            seconds, of_cores, _ = run(command, paths[start : start + part])
            rates[name].append((part - 1) / (seconds - idle[name][0]))
            cost[name].append((of_cores - idle[name][1]) / (part - 1) * 1000)

    def spread(values, places):
        values = sorted(values)
        return f"{statistics.median(values):7.{places}f}  {values[0]:7.{places}f} {values[-1]:7.{places}f}"

    others = (plain, python, bare)
    heads = ["pictures a second", *(f"of {other}" for other in others), "ms of a core a picture"]
    print("\n" + " " * 16 + "".join(f"   {head:^24}" for head in heads))
    print(" " * 16 + f"   {'median':>7}  {'least':>7} {'most':>7} " * len(heads))
    for name in commands:
        to = [[a / b for a, b in zip(rates[name], rates[other])] for other in others]
        columns = [spread(rates[name], 1), *(spread(ratios, 2) for ratios in to), spread(cost[name], 1)]
        print(f"{name:16}" + "".join(f"   {column:24}" for column in columns))
    print("\npeak of resident memory")
    for name in [name for name in commands if name.startswith("deepscreen")]:
        quarter = paths[: len(paths) // 4]
        small, large = run(commands[name], quarter)[2], run(commands[name], paths)[2]
        print(f"{name:16} {small:5.0f} MiB at {len(quarter)} pictures, {large:5.0f} MiB at {len(paths)}")


if __name__ == "__main__":
    main()
