"""Trial of a small face model: do features of the small network tell forged and generated faces from real ones?

    python faces.py crops LISTS CLONES IMAGES YUNET.onnx CROPS --split split.csv
    python faces.py features CROPS FEATURES.npz [--tuned backbone.npz] [--meso MESO.onnx]
    python faces.py measure CROPS FEATURES.npz --split split.csv [--only swapped,reenacted]

`crops` finds the largest face of each picture of the lists of faces, of photographs, and of photorealistic AI
pictures (a face of 64 pixels at least, 30 % of margin on each side, at most 448 pixels); of a clip, four frames (with
PyAV, where it is installed). Repositories of the test part of the split are not opened. `features` makes two random
degraded draws of each for training, the same for both classes, and two fixed versions for measuring. `measure`
leaves out whole repositories, or families of them, and writes tables.
"""
import argparse, collections, csv, hashlib, io, pathlib, re

import numpy as np
from PIL import Image

import data, network

SIDE, MARGIN, SMALLEST, LARGEST, MOST = 224, 0.3, 64, 448, 40
FRAMES = 4
# What a fake is, by what the lists say; the first that fits.
GROUPS = (("reenacted", "Face2Face|NeuralTextures|SadTalker|Wav2Lip|retalking|lip-sync|talking-avatar|animated"),
          ("swapped", "[Ss]wap|FaceForensics|DFDC|[Dd]eepfake"), ("gan", "GAN"))
# They share pictures or originals: always left out together.
FAMILIES = (
    ("dinablachman/realorfake", "joujoucous/DoesThisPersonExist", "sergibot/FakeFacesSurvey",
     "SeegmaEpsilon/experiment-real-or-ai-face", "josepharielct/real-fake-face-detection", "BaseMax/FakeFaces"),
    ("mudouble/FaceForensics-Detection_Website", "Megatvini/DeepFaceForgeryDetection", "HongguLiu/Deepfake-Detection"),
    ("balajisrinivas/Face-Mask-Detection", "chandrikadeb7/Face-Mask-Detection", "prajnasb/observations"),
    ("OpenTalker/SadTalker", "Zz-ww/SadTalker-Video-Lip-Sync", "OpenTalker/video-retalking", "saifhassan/Wav2Lip-HD",
     "PawanOct84/TalkingAvatar"),
    ("neuralchen/SimSwap", "mindslab-ai/hififace", "foivospar/Arc2Face"),
)
# What the detector takes for faces there are mostly drawings, statues or animals.
LEFT_OUT = {
    "EvoLinkAI/awesome-gpt-image-2-prompts", "freestylefly/awesome-gpt-image-2", "wanghao137/gpt-image",
    "wowmarcomei/awesome-gpt-images", "jamez-bondos/awesome-gpt4o-images", "PicoTrex/Awesome-Nano-Banana-images",
    "vladmandic/sdnext", "nerdyrodent/AVeryComfyNerd", "styledrop/styledrop.github.io", "invoke-ai/InvokeAI",
    "minimaxir/minimaxir.github.io", "Inf-imagine/Sentry", "google/dreambooth", "EliSchwartz/imagenet-sample-images",
    "chanakya2734/Image-classification-using-CNN", "quoctrung163/keras-cnn-on-cats-and-dogs-dataset",
    "ThousandBuddhaTemple/qianfosi.org_website",
}
FAMILY = {repo: names[0] for names in FAMILIES for repo in names}
FOLDS = 6
L2 = (0.03, 0.3, 3.0)
VERSIONS = ("original", "degraded")


class Faces:
    """YuNet with a fixed input of 640 x 640."""

    def __init__(self, path):
        self.session = network.session(str(path))

    def largest(self, image, least=0.8):
        """The box of the largest face that is sure enough, or None."""
        scale = 640 / max(image.size)
        small = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BILINEAR)
        canvas = np.zeros((640, 640, 3), np.float32)
        canvas[: small.height, : small.width] = np.asarray(small)[..., ::-1]
        names = [output.name for output in self.session.get_outputs()]
        out = dict(zip(names, self.session.run(None, {"input": canvas.transpose(2, 0, 1)[None]})))
        best = None
        for stride in (8, 16, 32):
            score = np.sqrt(out[f"cls_{stride}"][0, :, 0].clip(0, 1) * out[f"obj_{stride}"][0, :, 0].clip(0, 1))
            for at in np.flatnonzero(score >= least):
                row, column = divmod(int(at), 640 // stride)
                x, y, w, h = out[f"bbox_{stride}"][0, at]
                x, y, w, h = (column + x) * stride, (row + y) * stride, np.exp(w) * stride, np.exp(h) * stride
                if best is None or w * h > best[2] * best[3]:
                    best = x / scale, y / scale, w / scale, h / scale
        return best


def cut(image, box):
    """The square around a face with its margin, as far as the picture goes; None where the face is too small."""
    x, y, w, h = box
    side = max(w, h)
    if side < SMALLEST:
        return None
    half = side * (0.5 + MARGIN)
    edges = round(x - half), round(y - half), round(x + half), round(y + half)
    crop = image.crop((max(0, edges[0]), max(0, edges[1]), min(image.width, edges[2]), min(image.height, edges[3])))
    return data.shrink(crop, LARGEST, Image.Resampling.LANCZOS)


def frames(blob):
    """Some frames of a clip, evenly spaced."""
    try:
        import av
    except ImportError:
        return
    with av.open(io.BytesIO(blob)) as clip:
        every = [frame for _, frame in zip(range(600), clip.decode(video=0))]
    for i in range(FRAMES):
        yield every[(2 * i + 1) * len(every) // (2 * FRAMES)].to_image().convert("RGB")


def rows(lists, part):
    """Rows with a class: faces and clips of the list of faces, AI pictures and photographs of the others."""
    seen = set()
    for name in ("train-faces.csv", "train.csv", "train-ai.csv", "train-real.csv"):
        with open(pathlib.Path(lists) / name, newline="") as f:
            for row in csv.DictReader(f):
                kind = {"face_real": "real", "video_real": "real", "face_fake": "fake", "video_fake": "fake",
                        "ai": "fake", "real": "real"}.get(row["kind"])
                if kind is None or row["sha256"] in seen or row["repo"] in LEFT_OUT or part.get(row["repo"]) == "test":
                    continue
                if "|grid" in row["generator_or_source"] and "grid2x1" not in row["generator_or_source"]:
                    continue
                if row["repo"] in data.SHEETS or row["repo"] in data.SKIP:
                    continue
                seen.add(row["sha256"])
                row["group"] = kind if kind == "real" else next(
                    (g for g, pattern in GROUPS if re.search(pattern, row["generator_or_source"])), "diffusion")
                row["class"] = kind
                yield row


def crops(lists, clones, images, yunet, out, split):
    part, find = data.read_split(split), Faces(yunet)
    by_repo = collections.defaultdict(list)
    for row in rows(lists, part):
        by_repo[row["repo"]].append(row)
    out.mkdir(parents=True, exist_ok=True)
    index = []
    for repo, mine in sorted(by_repo.items()):
        data.rng("faces", repo).shuffle(mine)
        base = clones / repo.replace("/", "+")
        clone = next((c for c in (base / "repo", base / "repo/.git", base) if (c / "HEAD").exists()), None)
        got, tried = collections.Counter(), collections.Counter()
        for row in mine:
            group, sha = row["group"], row["sha256"]
            if got[group] >= MOST or tried[group] >= 2 * MOST:
                continue
            at = images / sha[:2] / sha
            blob = at.read_bytes() if at.exists() else next(data.blobs(clone, [row["path"]])) if clone else None
            if blob is None or hashlib.sha256(blob).hexdigest() != sha:
                continue
            tried[group] += 1
            try:
                moving = re.search(r"\.(mp4|gif|avi|mov)$", row["path"], re.I)
                pictures = list(frames(blob)) if moving else [data.decode(io.BytesIO(blob))]
            except Exception as error:  # a broken file is no face
                print(f"{repo}: {row['path']}: {error}")
                continue
            for number, picture in enumerate(pictures):
                if "|grid2x1" in row["generator_or_source"]:
                    picture = picture.crop((0, 0, picture.width // 2, picture.height))
                box = find.largest(picture)
                face = cut(picture, box) if box else None
                if face is None or min(face.size) < SMALLEST:
                    continue
                name = f"{sha[:16]}-{number}.png"
                face.save(out / name)
                got[group] += 1
                index.append((name, repo, row["class"], group, row["generator_or_source"].split("|")[0]))
        print(repo, dict(got), flush=True)
    with open(out / "index.csv", "w", newline="") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(("file", "repo", "class", "group", "source"))
        writer.writerows(index)


def read_index(folder):
    with open(folder / "index.csv", newline="") as f:
        return list(csv.DictReader(f))


def degraded(image, draw):
    """One random draw: smaller, then one or two compressions; the same for both classes."""
    if draw.random() < 0.3:  # colour tells nothing: grey faces are real in the lists
        image = image.convert("L").convert("RGB")
    if draw.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = data.shrink(image, round(2 ** draw.uniform(np.log2(72), np.log2(320))),
                        draw.choice((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)))
    for _ in range(draw.choice((1, 2))):
        image = data.recompress(image, "jpeg", draw.randint(40, 95), draw.choice((0, 2)))
    return image


def fixed(image, version):
    """The two versions that are measured."""
    if version == "original":
        return image
    return data.recompress(data.shrink(image, 160, Image.Resampling.BICUBIC), "jpeg", 50, 2)


def square(image):
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def backbone(tuned):
    """A session that gives features: of the frozen network, or with the weights that were tuned on a GPU."""
    import torch
    net = network.backbone()
    if tuned:
        with np.load(tuned) as f:
            state = {k.removeprefix("net."): torch.from_numpy(f[k].astype(np.float32))
                     for k in f.files if k.startswith("net.")}
        missing = [k for k in net.state_dict() if k not in state and not k.startswith("_fc") and "num_batches" not in k]
        assert not missing, missing
        net.load_state_dict(state, strict=False)
    return network.session(network.build(net, bits=16).SerializeToString())


def own_head(values, tuned):
    """Logits of the head that was trained with the tuned network, on whole pictures and crops of any kind."""
    with np.load(tuned) as f:
        values = (values.astype(np.float32) - f["norm.running_mean"]) / np.sqrt(f["norm.running_var"] + 1e-5)
        return values @ f["head.weight"][0] + f["head.bias"][0]


def features(folder, out, tuned, meso):
    index = read_index(folder)
    nets = {"frozen": backbone(None)} | ({"tuned": backbone(tuned)} if tuned else {})
    peer = network.session(str(meso)) if meso else None
    result = {f"{net} {what}": [] for net in nets for what in ("draw0", "draw1", *VERSIONS)}
    result |= {f"meso {version}": [] for version in VERSIONS} if peer else {}
    for row in index:
        image = Image.open(folder / row["file"]).convert("RGB")
        views = {f"draw{i}": degraded(image, data.rng("face", row["file"], i)) for i in range(2)}
        views |= {version: fixed(image, version) for version in VERSIONS}
        x = network.normalise(np.stack([square(view) for view in views.values()]))
        for net, session in nets.items():
            for what, value in zip(views, session.run(None, {"input": x})[0]):
                result[f"{net} {what}"].append(value.astype(np.float16))
        for version in VERSIONS if peer else ():
            face = np.asarray(views[version].resize((256, 256), Image.Resampling.NEAREST), np.float32) / 255
            real = peer.run(None, {"input": face.transpose(2, 0, 1)[None]})[0].ravel()[0]
            result[f"meso {version}"].append(1 - float(real))
    result = {key: np.stack(value) for key, value in result.items()}
    if tuned:
        result |= {f"own {version}": own_head(result[f"tuned {version}"], tuned) for version in VERSIONS}
    np.savez(out, **result)


def weights(index):
    """Both classes weigh the same, so do the groups of fakes; a repository counts by the square root of its size."""
    size = collections.Counter((row["repo"], row["group"]) for row in index)
    weight = np.array([size[row["repo"], row["group"]] ** -0.5 for row in index])
    group = np.array([row["group"] for row in index])
    for name in set(group):
        weight[group == name] /= weight[group == name].sum()
    weight[group == "real"] *= len(set(group)) - 1
    return weight * len(index) / weight.sum()


def folds(index):
    """A fold for each family, so that each fold has about as much weight of each group."""
    weight, families = weights(index), collections.defaultdict(collections.Counter)
    for row, w in zip(index, weight):
        families[FAMILY.get(row["repo"], row["repo"])][row["group"]] += w
    load, fold = [collections.Counter() for _ in range(FOLDS)], {}
    for name, mine in sorted(families.items(), key=lambda item: (-sum(item[1].values()), item[0])):
        best = min(range(FOLDS), key=lambda k: (sum(load[k][g] for g in mine), k))
        fold[name] = best
        load[best] += mine
    return np.array([fold[FAMILY.get(row["repo"], row["repo"])] for row in index])


def out_of_fold(x, y, w, fold, strength, held, use=None):
    """Logits of each face by a head that saw no face of its fold; `x` are draws, `held` the versions measured.
    With `use`, a head for those faces alone."""
    from sklearn.linear_model import LogisticRegression
    draws, use = len(x) // len(y), np.full(len(y), True) if use is None else use
    score = {version: np.zeros(len(y)) for version in held}
    balance = np.where(y == 1, 1 / w[use & (y == 1)].sum(), 1 / w[use & (y == 0)].sum()) * w / 2
    for k in range(FOLDS):
        inside = np.tile((fold != k) & use, draws)
        mean, std = x[inside].mean(0), x[inside].std(0) + 1e-6
        head = LogisticRegression(C=1 / strength, max_iter=300)
        head.fit((x[inside] - mean) / std, np.tile(y, draws)[inside],
                 sample_weight=np.tile(balance, draws)[inside] / draws)
        for version, value in held.items():
            score[version][fold == k] = head.decision_function((value[fold == k].astype(np.float32) - mean) / std)
    return score


def measure(folder, path, split, only):
    from sklearn.metrics import roc_auc_score
    index, packed = read_index(folder), dict(np.load(path))
    use = [i for i, row in enumerate(index) if row["group"] in ("real", *only)]
    index, packed = [index[i] for i in use], {key: value[use] for key, value in packed.items()}
    group, repo = (np.array([row[key] for row in index]) for key in ("group", "repo"))
    family = np.array([FAMILY.get(r, r) for r in repo])
    y, fold, w = (group != "real").astype(int), folds(index), weights(index)
    names = [g for g in only if g in group]
    print(f"{len(index)} faces of {len(set(repo))} repositories: " + ", ".join(
        f"{(group == g).sum()} {g} ({len(set(repo[group == g]))})" for g in (*names, "real")))

    def auc(score, mask, weight=w):
        return roc_auc_score(y[mask], score[mask], sample_weight=weight[mask])

    def interval(score):
        """Of families drawn with replacement, 300 times."""
        draw, every, values = np.random.default_rng(data.SEED), sorted(set(family)), []
        for _ in range(300):
            times = collections.Counter(draw.choice(every, len(every)))
            weight = w * np.array([times[f] for f in family])
            values.append(auc(score, weight > 0, weight))
        return np.percentile(values, (2.5, 97.5))

    def report(title, score, mask=np.full(len(y), True)):
        shown = [auc(score, mask & ((group == g) | (y == 0))) for g in names]
        within = [roc_auc_score(y[mine], score[mine]) for mine in (mask & (family == f) for f in sorted(set(family)))
                  if len(set(y[mine])) == 2]
        low, high = interval(score) if mask.all() else (np.nan, np.nan)
        cells = [f"{auc(score, mask):.3f}" + (f" ({low:.3f} to {high:.3f})" if mask.all() else ""),
                 *(f"{value:.3f}" for value in shown), f"{np.mean(within):.3f} of {len(within)}"]
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)

    columns = ("scores", "all", *names, "mean within families of both classes")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    part = data.read_split(split)
    unseen = np.array([part.get(r) != "train" for r in repo])
    for net in [n for n in ("frozen", "tuned") if f"{n} original" in packed]:
        x = np.concatenate([packed[f"{net} draw{i}"] for i in range(2)]).astype(np.float32)
        held = {version: packed[f"{net} {version}"] for version in VERSIONS}
        heads = {f"L2 {strength:g}": out_of_fold(x, y, w, fold, strength, held) for strength in L2}
        if {"gan", "swapped"} <= set(names):
            two = [out_of_fold(x, y, w, fold, L2[1], held, (y == 0) | np.isin(group, mine))
                   for mine in (("gan", "diffusion"), ("swapped", "reenacted"))]
            heads["two heads"] = {version: np.logaddexp(*(one[version] for one in two)) for version in VERSIONS}
        for title, score in heads.items():
            for version in VERSIONS:
                report(f"{net}, {title}, {version}", score[version])
                if net == "tuned":
                    report("the same, repositories that the network was not tuned on", score[version], unseen)
    for version in VERSIONS:
        if f"own {version}" in packed:
            report(f"the tuned network's own head, {version}", packed[f"own {version}"])
            report("the same, repositories that the network was not tuned on", packed[f"own {version}"], unseen)
    for version in VERSIONS:
        if f"meso {version}" in packed:
            report(f"meso4_df, {version}", packed[f"meso {version}"])
    sides = [max(Image.open(folder / row["file"]).size) for row in index]
    report("side of the crop alone", np.array(sides, float))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = ap.add_subparsers(dest="command", required=True)
    c = sub.add_parser("crops")
    for name in ("lists", "clones", "images", "yunet", "out"):
        c.add_argument(name, type=pathlib.Path)
    c.add_argument("--split", required=True)
    f = sub.add_parser("features")
    f.add_argument("crops", type=pathlib.Path)
    f.add_argument("out", type=pathlib.Path)
    f.add_argument("--tuned", type=pathlib.Path)
    f.add_argument("--meso", type=pathlib.Path)
    m = sub.add_parser("measure")
    m.add_argument("crops", type=pathlib.Path)
    m.add_argument("features", type=pathlib.Path)
    m.add_argument("--split", required=True)
    m.add_argument("--only", default="swapped,reenacted,gan,diffusion", help="the groups of fakes")
    a = ap.parse_args()
    if a.command == "crops":
        crops(a.lists, a.clones, a.images, a.yunet, a.out, a.split)
    elif a.command == "features":
        features(a.crops, a.out, a.tuned, a.meso)
    else:
        measure(a.crops, a.features, a.split, a.only.split(","))


if __name__ == "__main__":
    main()
