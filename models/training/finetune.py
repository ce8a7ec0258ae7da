"""Trains both networks: first the large one, then the small one with the large one as its teacher.

    python finetune.py PACK TOWER.npz OUT [--tae FOLDER] [--large-seconds N] [--small-seconds N] [--batch N]

PACK holds index*.csv and bytes*.bin of `pack.py`. Everything is on the GPU where there is one. Writes weights after
quarters of the time, so that a run that is cut short still leaves something: OUT/large-K.npz (only what was
trained), OUT/small-K.npz, and OUT/log.txt.
"""
import argparse, collections, concurrent.futures, copy, csv, io, math, pathlib, time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import augment, clip, network, tae

SEED = 20261127
WINDOW = 288
CLASS_SHARE = {"ai": 0.5, "real": 0.3, "hard_real": 0.2}
# Aligned faces of StyleGAN: one look, whatever their number.
FACES = {"BaseMax/FakeFaces", "hmdghoul/generated-faces", "dinablachman/realorfake", "ML72/AI-Image-Classifier-Playground",
         "joujoucous/DoesThisPersonExist"}
START = time.time()


class Log:
    def __init__(self, path):
        self.file = open(path, "a")

    def __call__(self, *words):
        line = f"{time.time() - START:6.1f} " + " ".join(map(str, words))
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()


def read(folder):
    """All views of the pack: {(part, repo, kind, key): {view: bytes}}."""
    out = {}
    for index in sorted(pathlib.Path(folder).glob("index*.csv")):
        blob = index.with_name(index.name.replace("index", "bytes").replace(".csv", ".bin")).read_bytes()
        with open(index, newline="") as f:
            for row in csv.DictReader(f):
                at = int(row["offset"])
                key = row["part"], row["repo"], row["kind"], row["key"]
                out.setdefault(key, {})[row["view"]] = blob[at:at + int(row["bytes"])]
    return out


def decode(blob, into):
    pixels = np.asarray(Image.open(io.BytesIO(blob)).convert("RGB"))
    h, w = pixels.shape[:2]
    into[:h, :w] = pixels
    return h, w


class Data:
    """Every view as uint8 on the device, and the draw of training batches."""

    def __init__(self, pack, device, log, threads):
        items = read(pack)
        names = [k for k in sorted(items) if k[0] == "train" and {"whole", "native"} <= set(items[k])]
        held = [k for k in sorted(items) if k[0] == "calibration" and len(items[k]) == 4]
        self.device, self.names, self.held = device, names, held
        jobs = [(items[k]["whole"], ("whole", i)) for i, k in enumerate(names)]
        for view in ("native", "copy"):
            jobs += [(items[k].get(view, items[k]["native"]), (view, i)) for i, k in enumerate(names)]
        arrays = {"whole": np.zeros((len(names), 256, 256, 3), np.uint8)}
        arrays |= {v: np.zeros((len(names), WINDOW, WINDOW, 3), np.uint8) for v in ("native", "copy")}
        sizes = {v: np.zeros((len(names), 2), np.int64) for v in ("native", "copy")}
        val = np.zeros((len(held), 4, 224, 224, 3), np.uint8)

        def run(job):
            blob, (view, i) = job
            size = decode(blob, arrays[view][i])
            if view != "whole":
                sizes[view][i] = size
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, jobs, chunksize=64))
            list(pool.map(lambda j: decode(items[held[j // 4]][f"val{j % 4}"], val[j // 4, j % 4]),
                          range(4 * len(held))))
        move = lambda a: torch.from_numpy(a).to(device)
        self.views = {v: move(a) for v, a in arrays.items()}
        self.sizes = {v: move(a) for v, a in sizes.items()}
        self.val = move(val)
        self.val_kind = np.array([k[2] for k in held])
        self.label = torch.tensor([float(k[2] == "ai") for k in names], device=device)
        count = collections.Counter((k[1], k[2]) for k in names)
        weight = np.array([max(count[k[1], k[2]], 20) ** -0.5 * (0.35 if k[1] in FACES and k[2] == "ai" else 1) for k in names])
        for kind, share in CLASS_SHARE.items():
            mine = np.array([k[2] == kind for k in names])
            weight[mine] *= share / max(weight[mine].sum(), 1e-9)
        self.weight = torch.tensor(weight, device=device)
        log(len(names), "training pictures,", len(held), "validation pictures,",
            {k: sum(n[2] == k for n in names) for k in CLASS_SHARE})

    def pixels(self, view, index):
        return self.views[view][index].permute(0, 3, 1, 2).float()

    def batch(self, n, share_whole, pairs=None, n_pairs=0, step=0):
        """Augmented pixels 0 to 1, labels, weights, and which are free of the autoencoders."""
        index = torch.multinomial(self.weight, n, replacement=True)
        n_whole = round(n * share_whole)
        n_native = (n - n_whole + 1) // 2
        whole, native, copied = index[:n_whole], index[n_whole:n_whole + n_native], index[n_whole + n_native:]
        raw = torch.cat([self.pixels("native", native), self.pixels("copy", copied)])
        sizes = torch.cat([self.sizes["native"][native], self.sizes["copy"][copied]])
        label = self.label[torch.cat([native, copied, whole])]
        weight = torch.ones(n, device=self.device)
        plain = torch.ones(n, dtype=torch.bool, device=self.device)
        if pairs and n_pairs:
            chosen = torch.nonzero(self.label[native] == 0)[:n_pairs, 0]
            made = pairs(raw[chosen] / 255, step) * 255
            raw, sizes = torch.cat([made.round(), raw]), torch.cat([sizes[chosen], sizes])
            more = len(chosen)
            label = torch.cat([torch.ones(more, device=self.device), label])
            weight = torch.cat([torch.full((more,), 0.5, device=self.device), weight])
            plain = torch.cat([torch.zeros(more, dtype=torch.bool, device=self.device), plain])
        x = torch.cat([augment.windows(raw, sizes), augment.wholes(self.pixels("whole", whole))])
        return x / 255, label, weight, plain


def auc(y, s):
    rank = np.argsort(np.argsort(s)) + 1
    n1 = y.sum()
    n0 = len(y) - n1
    return (rank[y].sum() - n1 * (n1 + 1) / 2) / max(n1 * n0, 1)


def report(log, name, kind, score):
    parts = []
    for against in ("real", "hard_real"):
        use = np.isin(kind, ("ai", against))
        parts.append(f"{against} {auc(kind[use] == 'ai', score[use]):.4f}")
    log("  validation", name, *parts)


class Average:
    """A running mean of the weights."""

    def __init__(self, model, decay):
        self.model, self.decay, self.steps = copy.deepcopy(model).eval(), decay, 0

    @torch.no_grad()
    def update(self, model):
        self.steps += 1
        d = min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine = [t for t in self.model.state_dict().values() if t.is_floating_point()]
        theirs = [t for t in model.state_dict().values() if t.is_floating_point()]
        torch._foreach_lerp_(mine, theirs, 1 - d)


def schedule(optimizer, share):
    """Warm up over 5 % of the time, then down along a cosine."""
    f = min(share / 0.05, 1) * (0.5 + 0.5 * math.cos(math.pi * min(share, 1)))
    for group in optimizer.param_groups:
        group["lr"] = group["top"] * max(f, 1e-3)


def trained(model):
    return {k: v.detach().float().cpu().numpy().astype(np.float16) for k, v in model.named_parameters() if v.requires_grad}


def train_large(data, tower, out, log, seconds, batch, pairs):
    device = data.device
    model = clip.Tower(tower).to(device)
    model.pre.requires_grad_(False)
    groups = [(2e-4, 0.01, [p for n, p in model.named_parameters() if n.endswith((".up", ".down"))]),
              (1e-4, 0.0, [p for n, p in model.named_parameters() if ".norm" in n or n.startswith("taps.")]),
              (5e-4, 0.1, list(model.head.parameters()))]
    optimizer = torch.optim.AdamW([{"params": p, "top": lr, "lr": lr, "weight_decay": wd} for lr, wd, p in groups],
                                  betas=(0.9, 0.98))
    mean = Average(model, 0.995)
    begin, step, saved, losses = time.time(), 0, 0, []
    while (share := (time.time() - begin) / seconds) < 1:
        schedule(optimizer, share)
        model.train()
        x, label, weight, _ = data.batch(batch, 0.75, pairs, batch // 16, step)
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            logit, _ = model(x)
        loss = (F.binary_cross_entropy_with_logits(logit.float(), label * 0.96 + 0.02, reduction="none") * weight).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimizer.step()
        mean.update(model)
        losses.append(loss.detach())
        step += 1
        if (time.time() - begin) / seconds >= (saved + 1) / 4:
            saved += 1
            log("large", step, "steps, loss", round(torch.stack(losses[-50:]).mean().item(), 4))
            if saved % 2 == 0:
                np.savez(out / f"large-{saved}.npz", **trained(mean.model))
            report(log, "whole", data.val_kind, score_large(data, mean.model, data.val[:, 0]))
    return mean.model.eval().requires_grad_(False)


@torch.no_grad()
def score_large(data, model, pixels):
    parts = []
    for start in range(0, len(pixels), 256):
        with torch.autocast("cuda", torch.bfloat16, enabled=data.device.type == "cuda"):
            parts.append(model(pixels[start:start + 256].permute(0, 3, 1, 2).float() / 255)[0].float())
    return torch.cat(parts).cpu().numpy()


class Small(nn.Module):
    """The backbone, and a linear layer on the mean and deviation of its eight stages."""

    def __init__(self, teacher_width):
        super().__init__()
        self.net = network.backbone()
        self.norm = nn.BatchNorm1d(4128, affine=False, momentum=0.02)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(4128, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.mimic = nn.Linear(4128, teacher_width)
        self.register_buffer("mean", torch.tensor(network.MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(network.STD).view(1, 3, 1, 1))

    def forward(self, x):
        x = ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        f = self.norm(network.torch_features(self.net, x).float())
        return self.head(self.drop(f))[:, 0], self.mimic(f)


def train_small(data, teacher, out, log, seconds, batch, pairs, name="small", share_whole=0.3):
    device = data.device
    model = Small(teacher.head.in_features).to(device)
    model.net._fc.requires_grad_(False)
    decay = [p for n, p in model.net.named_parameters() if p.requires_grad and p.ndim > 1]
    rest = [p for n, p in model.net.named_parameters() if p.requires_grad and p.ndim == 1]
    groups = [(4e-4, 0.1, decay), (4e-4, 0.0, rest), (4e-4, 0.2, list(model.head.parameters())),
              (4e-4, 0.01, list(model.mimic.parameters()))]
    optimizer = torch.optim.AdamW([{"params": p, "top": lr, "lr": lr, "weight_decay": wd} for lr, wd, p in groups])
    mean = Average(model, 0.998)
    begin, step, saved, losses = time.time(), 0, 0, []
    while (share := (time.time() - begin) / seconds) < 1:
        schedule(optimizer, share)
        model.train()
        x, label, weight, plain = data.batch(batch, share_whole, pairs, batch // 8, step)
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            with torch.no_grad():
                told, features = teacher(x)
            logit, guess = model(x)
        hard = F.binary_cross_entropy_with_logits(logit.float(), label * 0.96 + 0.02, reduction="none") * weight
        soft = F.binary_cross_entropy_with_logits(logit.float(), torch.sigmoid(told.float()), reduction="none") * plain
        like = (1 - F.cosine_similarity(guess.float(), features.float(), dim=1)) * plain
        loss = (0.3 * hard + 0.7 * soft + 0.5 * like).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        mean.update(model)
        losses.append(torch.stack([hard.mean(), soft.mean(), like.mean()]).detach())
        step += 1
        if (time.time() - begin) / seconds >= (saved + 1) / 4:
            saved += 1
            log(name, step, "steps, losses", torch.stack(losses[-50:]).mean(0).tolist())
            state = {k: v.float().cpu().numpy() for k, v in mean.model.state_dict().items()
                     if v.is_floating_point() and not k.startswith(("mimic", "net._fc"))}
            state = {k: v.astype(np.float16) if v.ndim == 4 else v for k, v in state.items()}
            if saved > 1:
                np.savez(out / f"{name}-{saved}.npz", **state)
            scores = np.stack([score_large(data, mean.model, data.val[:, v]) for v in range(4)])
            for what, s in (("whole", scores[0]), ("crops", scores[1:].mean(0)), ("all", scores.mean(0))):
                report(log, what, data.val_kind, s)
    return mean.model


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("pack", type=pathlib.Path)
    ap.add_argument("tower")
    ap.add_argument("out", type=pathlib.Path)
    ap.add_argument("--tae")
    ap.add_argument("--large-seconds", type=float, default=120)
    ap.add_argument("--small-seconds", type=float, default=240)
    ap.add_argument("--large-from", help="a large-K.npz: skip its training")
    ap.add_argument("--batch", type=int, default=384)
    ap.add_argument("--threads", type=int, default=16)
    a = ap.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    log = Log(a.out / "log.txt")
    torch.manual_seed(SEED)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = True
    tower = dict(np.load(a.tower))
    data = Data(a.pack, device, log, a.threads)
    pairs = tae.Pairs(a.tae, device, torch.bfloat16 if device.type == "cuda" else torch.float32) if a.tae else None
    if a.large_from:
        teacher = clip.Tower(tower).to(device)
        teacher.load_state_dict({k: torch.from_numpy(v).float() for k, v in np.load(a.large_from).items()}, strict=False)
        teacher = teacher.eval().requires_grad_(False)
    else:
        teacher = train_large(data, tower, a.out, log, a.large_seconds, a.batch * 2 // 3, pairs)
    train_small(data, teacher, a.out, log, a.small_seconds, a.batch, pairs)
    log("done")


if __name__ == "__main__":
    main()
