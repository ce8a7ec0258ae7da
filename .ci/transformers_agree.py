#!/usr/bin/env python3
"""Checks that exports of Hugging Face score pictures as transformers does, within 1e-3.

usage: transformers_agree.py DEEPSCREEN [FOLDER [ARCHITECTURE...]]

For each architecture a small model with random weights is written to FOLDER (kept; a temporary one by default) as
Hugging Face exports look: config.json, preprocessor_config.json, onnx/model.onnx. Its last layer is scaled until its
probabilities spread over the pictures, so that a wrong pixel shows.

JPEG files are shown and not judged: decoders enlarge colour and round in their own ways, and networks with random
weights make up to 0.13 of it. The same files as Pillow decodes them, stored as PNG, are judged like every other PNG.

Needs the packages transformers, onnx, onnxruntime and pillow 12.0 (13.0 resizes tall pictures in another order). With
torch, and timm and torchvision, the models are those of transformers, exported by torch.onnx.export and run by torch.
Without torch, which weighs some 6 GB, the configurations and image processors still are; the networks are then a few
layers made here, and ONNX Runtime in Python is the reference.
"""
import json
import os
import subprocess
import sys
import tempfile
import warnings

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")

import numpy as np
import onnx
import transformers
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageOps

try:
    import torch
except ImportError:
    torch = None
try:
    import timm
    import torchvision
except ImportError:
    timm = torchvision = None

BOUND = 1e-3
TWO = ["Real", "Fake"]
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def square(side):
    return {"height": side, "width": side}


def shortest(side):
    return {"shortest_edge": side}


# Name, configuration, its arguments, class of the model, class of the processor, its arguments, labels.
ARCHITECTURES = [
    ("vit", "ViTConfig", SMALL | {"patch_size": 32}, "ViTForImageClassification", "ViTImageProcessor", {}, TWO),
    ("vit-one-logit", "ViTConfig", SMALL | {"patch_size": 32, "problem_type": "multi_label_classification"},
     "ViTForImageClassification", "ViTImageProcessor", {"resample": 1, "size": square(224)}, ["AI-generated"]),
    ("deit-teacher", "DeiTConfig", SMALL | {"patch_size": 32}, "DeiTForImageClassificationWithTeacher",
     "DeiTImageProcessor", IMAGENET, ["fake", "real"]),
    ("swin", "SwinConfig", {"embed_dim": 24, "depths": [1, 1], "num_heads": [2, 4]}, "SwinForImageClassification",
     "ViTImageProcessor", IMAGENET | {"resample": 3, "size": square(224)}, ["artificial", "human"]),
    ("beit", "BeitConfig", SMALL | {"patch_size": 32}, "BeitForImageClassification", "BeitImageProcessor",
     {"size": square(256), "do_center_crop": True, "crop_size": square(224)}, TWO),
    ("convnext", "ConvNextConfig", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1]},
     "ConvNextForImageClassification", "ConvNextImageProcessor",
     IMAGENET | {"size": shortest(224), "crop_pct": 0.875, "resample": 3},
     ["real", "midjourney_v5", "sdxl", "DALL-E 3"]),
    ("convnext-384", "ConvNextConfig", {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "image_size": 384},
     "ConvNextForImageClassification", "ConvNextImageProcessor", {"size": shortest(384), "resample": 2}, TWO),
    ("resnet", "ResNetConfig", {"embedding_size": 8, "hidden_sizes": [16, 32], "depths": [1, 1], "layer_type": "basic"},
     "ResNetForImageClassification", "ConvNextImageProcessor",
     IMAGENET | {"size": shortest(225), "crop_pct": 0.95, "resample": 2}, TWO),
    ("siglip", "SiglipConfig", {"vision_config": SMALL | {"patch_size": 32}, "text_config": SMALL},
     "SiglipForImageClassification", "SiglipImageProcessor", {}, ["AiArtData", "RealArt"]),
    ("clip", "CLIPConfig", {"vision_config": SMALL | {"patch_size": 32}, "text_config": SMALL},
     "CLIPForImageClassification", "CLIPImageProcessor", {}, TWO),
    ("dinov2", "Dinov2Config", SMALL | {"patch_size": 28, "image_size": 224, "mlp_ratio": 2},
     "Dinov2ForImageClassification", "BitImageProcessor", IMAGENET | {"size": shortest(256)}, TWO),
    ("efficientnet", "EfficientNetConfig", {"width_coefficient": 0.25, "depth_coefficient": 0.1, "image_size": 200,
     "hidden_dim": 320}, "EfficientNetForImageClassification", "EfficientNetImageProcessor",
     {"size": square(225), "resample": 0, "do_center_crop": True, "crop_size": square(200), "rescale_offset": True,
      "rescale_factor": 1 / 127.5}, TWO),
    ("mobilenet-v2", "MobileNetV2Config", {"depth_multiplier": 0.35, "image_size": 192},
     "MobileNetV2ForImageClassification", "MobileNetV2ImageProcessor",
     {"size": shortest(219), "crop_size": square(192)}, TWO),
    ("mobilevit", "MobileViTConfig", {"hidden_sizes": [16, 24, 32], "neck_hidden_sizes": [8, 8, 16, 16, 24, 32, 64]},
     "MobileViTForImageClassification", "MobileViTImageProcessor",
     {"size": shortest(288), "crop_size": square(256), "resample": 2}, TWO),
    ("mobilevit-padded", "MobileViTConfig", {"hidden_sizes": [16, 24, 32],
     "neck_hidden_sizes": [8, 8, 16, 16, 24, 32, 64]}, "MobileViTForImageClassification",
     "MobileViTImageProcessor", {"resample": 3}, TWO),
]


def pictures():
    """Name and picture; as PNG, those with `jpeg` in their name as JPEG."""
    random = np.random.default_rng(7)

    def noise(width, height, channels=3):
        """Shapes of all sizes, from a few waves to single pixels."""
        y, x = np.mgrid[0:height, 0:width].astype(float)
        planes = []
        for _ in range(channels):
            plane = np.zeros((height, width))
            for scale in (0.004, 0.02, 0.1, 0.5):
                a, b, phase = random.normal(0, scale), random.normal(0, scale), random.uniform(0, 6)
                plane += np.sin(a * x + b * y + phase) * random.uniform(0.2, 1)
            planes.append(plane + random.normal(0, random.uniform(0, 0.5), plane.shape) + random.normal(0, 0.7))
        return (np.clip(np.stack(planes, -1) * 50 + 128, 0, 255)).astype(np.uint8)

    sizes = [(640, 480), (481, 641), (224, 224), (225, 299), (256, 256), (1600, 1200), (1023, 2047), (37, 500),
             (500, 37), (64, 48), (9, 7), (3, 300), (1, 1), (384, 385), (901, 600)]
    for width, height in sizes:
        yield f"{width}x{height}.png", Image.fromarray(noise(width, height))
    yield "grey.png", Image.fromarray(noise(333, 222)[..., 0])
    yield "alpha.png", Image.fromarray(noise(300, 420, 4))
    yield "palette.png", Image.fromarray(noise(320, 200)).quantize(64)
    yield "black.png", Image.new("RGB", (300, 200))
    yield "white.png", Image.new("RGB", (200, 300), "white")
    for width, height in [(640, 480), (301, 401), (1200, 900)]:
        yield f"jpeg_{width}x{height}.jpg", Image.fromarray(noise(width, height))


def load(path):
    """As deepscreen loads: upright, over white, RGB."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


class Own:
    """A few layers in place of a model of transformers: filters of 16 x 16 pixels, their mixture, its mean, classes."""

    def __init__(self, side, classes):
        random = np.random.default_rng(side)
        f32 = lambda *shape: random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)
        self.weights = {"filters": f32(24, 3, 16, 16), "mix": f32(32, 24, 3, 3),
                        "W": f32(classes, 32), "b": f32(classes)}
        self.side = side

    def network(self):
        width, height = self.side
        # ONNX lets both be left out, rten 0.27 does not.
        plain = {"dilations": [1, 1], "pads": [0, 0, 0, 0]}
        nodes = [helper.make_node("Conv", ["pixel_values", "filters"], ["a"], strides=[8, 8], **plain),
                 helper.make_node("Tanh", ["a"], ["b1"]),
                 helper.make_node("Conv", ["b1", "mix"], ["c"], strides=[1, 1], **plain),
                 helper.make_node("Relu", ["c"], ["d"]), helper.make_node("GlobalAveragePool", ["d"], ["e"]),
                 helper.make_node("Flatten", ["e"], ["f"]),
                 helper.make_node("Gemm", ["f", "W", "b"], ["logits"], transB=1)]
        inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch_size", 3, height, width])]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch_size", len(self.weights["b"])])]
        weights = [numpy_helper.from_array(array, name) for name, array in self.weights.items()]
        graph = helper.make_graph(nodes, "own", inputs, outputs, weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def logits(self, pixels):
        import onnxruntime

        session = onnxruntime.InferenceSession(self.network().SerializeToString())
        return np.concatenate([session.run(["logits"], {"pixel_values": one[None]})[0] for one in pixels])

    def apart(self):
        for name in "Wb":
            self.weights[name] = self.weights[name] - self.weights[name].mean(0)

    def scale(self, factor, shift):
        self.weights["W"] *= factor[:, None].astype(np.float32)
        self.weights["b"] = (self.weights["b"] * factor + shift).astype(np.float32)

    def export(self, path):
        onnx.save(self.network(), path)


class Theirs:
    """A model of transformers."""

    def __init__(self, model, side, classes):
        self.model, self.side = model.eval(), side
        for module in model.modules():
            # As they are initialised nothing of the picture is left behind a dozen convolutions.
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight)
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.ones_(module.weight)
        linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m.out_features == classes]
        # DeiT has a second one, whose logits are averaged with the first one's.
        self.last = linear[-2:] if "Teacher" in type(model).__name__ else linear[-1:]

    def logits(self, pixels):
        with torch.no_grad():
            return np.concatenate([self.model(torch.from_numpy(one[None])).logits.numpy() for one in pixels])

    def apart(self):
        with torch.no_grad():
            for linear in self.last:
                linear.weight -= linear.weight.mean(0)
                linear.bias -= linear.bias.mean()

    def scale(self, factor, shift):
        with torch.no_grad():
            for linear in self.last:
                linear.weight *= torch.from_numpy(factor[:, None]).float()
                linear.bias.copy_(linear.bias * torch.from_numpy(factor) + torch.from_numpy(shift))

    def export(self, path):
        class Wrapper(torch.nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, pixel_values):
                output = self.model(pixel_values)
                return tuple(output[name] for name in names)

        width, height = self.side
        example = torch.rand(2, 3, height, width)
        with torch.no_grad():
            names = [name for name, value in self.model(example).items() if "logits" in name]
        axes = {name: {0: "batch_size"} for name in ["pixel_values", *names]}
        torch.onnx.export(Wrapper(self.model).eval(), (example,), path, input_names=["pixel_values"],
                          output_names=names, dynamic_axes=axes, dynamo=False, opset_version=17)
        assert not self.model.training


def sides(processor):
    """What the processor makes of a picture: width and height."""
    return processor(Image.new("RGB", (50, 40)), return_tensors="np")["pixel_values"].shape[:1:-1]


def write(folder, architecture):
    """config.json and preprocessor_config.json, the processor as it is read from them, and the model."""
    name, config, arguments, model, processor, settings, labels = architecture
    if name == "timm":
        model = timm.create_model("test_resnet", num_classes=len(labels))
        config = transformers.TimmWrapperConfig.from_dict({
            "architecture": "test_resnet", "num_classes": len(labels), "label_names": labels,
            "pretrained_cfg": dict(model.pretrained_cfg, **settings)})
        config.architectures = ["TimmWrapperForImageClassification"]
        config.save_pretrained(folder)
        processor = transformers.AutoImageProcessor.from_pretrained(folder)
        wrapped = transformers.TimmWrapperForImageClassification(config)
        side = processor(Image.new("RGB", (50, 40)))["pixel_values"].shape[:1:-1]
        return processor, Theirs(wrapped, side, len(labels))
    if "vision_config" in arguments:
        arguments = dict(arguments, vision_config=dict(arguments["vision_config"]))
    config = getattr(transformers, config)(**arguments, id2label=dict(enumerate(labels)),
                                           label2id={label: at for at, label in enumerate(labels)})
    config.architectures = [model]
    config.save_pretrained(folder)
    pil = getattr(transformers, processor + "Pil", None) or getattr(transformers, processor)
    pil(**settings).save_pretrained(folder)
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    side = sides(processor)
    if torch is None:
        return processor, Own(side, len(labels))
    torch.manual_seed(1)
    return processor, Theirs(getattr(transformers, model)(config), side, len(labels))


def probabilities(logits, labels):
    if len(labels) == 1:
        return 1 / (1 + np.exp(-logits.astype(float)))
    shifted = np.exp(logits.astype(float) - logits.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


REAL = {"real", "human", "realart"}


def of_fake(classes, labels):
    fake = [label.lower() not in REAL for label in labels]
    return classes[:, fake].sum(1)


def scan(program, engine, folder, pictures):
    """Records by name; None where the engine is not there."""
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix}
    # No export was measured at any false-alarm rate, and none is judged here: the scores alone count.
    policy = os.path.join(folder, "policy.toml")
    with open(policy, "w") as file:
        file.write("schema = 1\n[sources]\n")
    command = [program, "scan", "--engine", engine, "--policy", policy, "--model", folder]
    command += ["--format", "jsonl", pictures]
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if "engine" in run.stderr and not run.stdout:
        return None
    assert run.stdout, run.stderr
    records = [json.loads(line) for line in run.stdout.splitlines()]
    return {os.path.basename(record["input"]["path"]): record for record in records}


def compare(records, labels, expected, names):
    """The largest difference of any number in PNG and in JPEG, and what is wrong beside that."""
    worst, wrong = {False: 0.0, True: 0.0}, []
    for name, classes in zip(names, expected):
        scores = [evidence for evidence in records[name]["evidence"] if evidence["kind"] == "score"]
        if not scores:
            wrong.append(f"{name}: {records[name]['failures']}")
            continue
        found = {"probability": scores[0]["probability"], **scores[0].get("classes", {})}
        want = {"probability": of_fake(classes[None], labels)[0]}
        if len(labels) > 1:
            want.update(zip(labels, classes))
        if list(found) != list(want):
            wrong.append(f"{name}: classes {list(found)}, not {list(want)}")
            continue
        jpeg = name.endswith(".jpg")
        worst[jpeg] = max(worst[jpeg], *(abs(found[key] - want[key]) for key in want))
    return worst, wrong


def main():
    program = sys.argv[1]
    assert int(Image.__version__.split(".")[0]) < 13, "Pillow 13 resizes tall pictures in another order"
    temporary = tempfile.TemporaryDirectory()
    folder = sys.argv[2] if len(sys.argv) > 2 else temporary.name
    images = os.path.join(folder, "pictures")
    os.makedirs(images, exist_ok=True)
    names = []
    for name, image in pictures():
        path = os.path.join(images, name)
        image.save(path, **({"quality": 92} if name.endswith(".jpg") else {}))
        names.append(name)
        if name.endswith(".jpg"):
            load(path).save(path.replace(".jpg", "_decoded.png"))
            names.append(name.replace(".jpg", "_decoded.png"))
    loaded = [load(os.path.join(images, name)) for name in names]
    architectures = list(ARCHITECTURES)
    if torch is not None and timm is not None:
        architectures.append(("timm", "", {}, "", "", {"crop_pct": 0.95, "interpolation": "bicubic"}, TWO))
    if len(sys.argv) > 3:
        architectures = [architecture for architecture in architectures if architecture[0] in sys.argv[3:]]
    print(f"transformers {transformers.__version__}, Pillow {Image.__version__}, "
          + (f"models and exports of torch {torch.__version__}" if torch else "no torch: networks of our own"))
    print(f"{len(names)} pictures; the largest difference of any probability in PNG (and in JPEG)")
    failed = False
    for architecture in architectures:
        name, labels = architecture[0], architecture[-1]
        export = os.path.join(folder, name)
        os.makedirs(os.path.join(export, "onnx"), exist_ok=True)
        processor, model = write(export, architecture)
        tensors = "pt" if name == "timm" else "np"
        pixels = [np.asarray(processor(image, return_tensors=tensors)["pixel_values"][0]) for image in loaded]
        logits = model.logits(pixels)
        if len(labels) > 1:
            # What all classes share changes no probability.
            model.apart()
            logits = logits - logits.mean(1, keepdims=True)
        # Mean 0 and deviation 2 over the pictures.
        factor = 2 / logits.std(0)
        model.scale(factor, -logits.mean(0) * factor)
        model.export(os.path.join(export, "onnx/model.onnx"))
        expected = probabilities(model.logits(pixels), labels)
        spread = of_fake(expected, labels).std()
        texts = [f"{name:17} spread {spread:.2f}"]
        assert spread > 0.1, texts
        if torch is not None and torchvision is not None and name != "timm":
            fast = transformers.AutoImageProcessor.from_pretrained(export, backend="torchvision")
            fast = [fast(image, return_tensors="pt")["pixel_values"][0].numpy() for image in loaded]
            apart = np.abs(probabilities(model.logits(fast), labels) - expected).max()
            texts.append(f"their two processors apart {apart:.4f}")
        for engine in ("rten", "onnxruntime"):
            records = scan(program, engine, export, images)
            if records is None:
                texts.append(f"{engine} not found")
                failed |= engine == "rten"
                continue
            worst, wrong = compare(records, labels, expected, names)
            bad = bool(wrong) or worst[False] > BOUND
            failed |= bad
            texts.append(f"{engine} {worst[False]:.4f} ({worst[True]:.4f}){' FAILED' if bad else ''}")
            texts += wrong
        print("; ".join(texts), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
