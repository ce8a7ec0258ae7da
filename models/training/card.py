"""The tables of a model's card, out of reports of `deepscreen bench` on the test set.

    python card.py ../ai-image TEST PHOTOGRAPHS HARD_REALS

TEST is what `testset.py` wrote, the others what `--out` of two runs holds: AI pictures against photographs
(list-photographs.csv) and against hard reals (list-hard.csv), with `--degrade clean,web,hard`. Prints Markdown.
"""
import argparse, csv, json, pathlib, re, tomllib

import numpy as np

import data, testset

TIERS = ("clean", "web", "hard")
# Of generators as the list names them; the first that fits.
FAMILIES = (
    ("gpt-image, DALL-E", r"gpt|dall-?e|chatgpt|openai"),
    ("Imagen, nano-banana, Gemini", r"imagen|gemini|nano|google|whisk"),
    ("Midjourney", r"midjourney"),
    ("FLUX", r"flux"),
    ("Stable Diffusion 3", r"stable[- ]diffusion[- ]?3|sd ?3|sd3"),
    ("Stable Diffusion XL", r"sdxl|stable[- ]diffusion[- ]xl|juggernaut|pony|illustrious"),
    ("Stable Diffusion 1 and 2, and not said which", r"stable[- ]diffusion|sd ?1|sd ?2|sd15"),
)

FAILURES = 8  # shown of each kind: the AI pictures with the lowest score, the others with the highest


def family(generator):
    return next((name for name, pattern in FAMILIES if re.search(pattern, generator, re.I)), "others, or not stated")


def auc(positive, negative):
    order = np.sort(negative)
    below, upto = np.searchsorted(order, positive, "left"), np.searchsorted(order, positive, "right")
    return float((below + upto).mean() / 2 / len(order))


def table(head, rows):
    print("\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model", type=pathlib.Path)
    ap.add_argument("test", type=pathlib.Path)
    ap.add_argument("photographs", type=pathlib.Path)
    ap.add_argument("hard", type=pathlib.Path)
    a = ap.parse_args()
    contract = tomllib.loads((a.model / "model.toml").read_text())
    name, points = contract["id"], {p["max_fpr"]: p["threshold"] for p in contract["operating_points"]}
    reports = {"photographs": a.photographs, "hard reals": a.hard}
    source, score = {}, {tier: {} for tier in TIERS}
    for label, folder in reports.items():
        for tier in TIERS:
            with open(folder / "scores" / f"{tier}.csv", newline="") as f:
                for row in csv.DictReader(f):
                    kind, repo = pathlib.Path(row["path"]).parts[-3:-1]
                    source[row["path"]] = kind, repo.replace("+", "/"), row["group"]
                    if row[name]:
                        score[tier][row["path"]] = float(row[name])

    def of(tier, keep):
        return np.array([s for path, s in score[tier].items() if keep(*source[path])])
    kinds = {"AI": "ai", "photographs": "real", "hard reals": "hard_real"}
    flagged = lambda tier, kind, t: f"{(of(tier, lambda k, *_: k == kind) >= t).mean():.1%}".replace("%", " %")

    rows, own = [], []
    for label, folder in reports.items():
        report = json.loads((folder / "report.json").read_text())
        cell = {(o["detector"], o["degradation"]): {m["metric"]: m for m in o["metrics"]} for o in report["outcomes"]}
        for i, detector in enumerate(report["detectors"]):
            at = f"at_{detector['threshold']:g}"
            share = lambda tier, metric: f"{cell[i, tier][metric]['value']:.1%}".replace("%", " %")
            show = lambda m: f"{m['value']:.3f} ({m['interval'][0]:.3f} to {m['interval'][1]:.3f})"
            rows.append((f"`{detector['name']}` ({detector['model']})", label, *(show(cell[i, t]["auc"]) for t in TIERS),
                         share("clean", f"recall_{at}") + " / " + share("clean", f"false_alarm_rate_{at}")))
            if detector["name"] == name:
                own += [(label, t, show(cell[i, t]["auc"]), f"{cell[i, t]['ece']['value']:.3f}",
                         share(t, f"balanced_accuracy_{at}"), share(t, "balanced_accuracy_at_0.5")) for t in TIERS]
    table(("detector", "against", *TIERS, "found / false alarms, clean"), rows)
    table(("AI against", "version", "AUC (95 %)", "ECE", "balanced accuracy at the point for 1 %", "at 0.5"), own)
    table(("operating point", "version", *(f"{k} flagged" for k in kinds)),
          [(str(fpr), tier, *(flagged(tier, kind, t) for kind in kinds.values())) for fpr, t in points.items() for tier in TIERS])

    families = sorted({family(g) for k, _, g in source.values() if k == "ai"})
    rows = []
    for each in families:
        mine = {tier: of(tier, lambda k, _, g: k == "ai" and family(g) == each) for tier in TIERS}
        against = {tier: of(tier, lambda k, *_: k == "real") for tier in TIERS}
        rows.append((each, str(len(mine["clean"])), " ".join(f"{auc(mine[t], against[t]):.3f}" for t in TIERS),
                     *(f"{(mine['clean'] >= points[p]).mean():.1%}".replace("%", " %") for p in (0.01, 0.05))))
    table(("generator", "pictures", "AUC against photographs, clean, web, hard", "found at the point for 1 %", "for 5 %"), rows)

    rows = []
    for order, kind in enumerate(data.KINDS):
        for repo in {r for k, r, _ in source.values() if k == kind}:
            mine = of("clean", lambda k, r, _: (k, r) == (kind, repo))
            rows.append((order, mine.mean() if kind == "ai" else -mine.mean(), (
                repo, kind, str(len(mine)), f"{mine.mean():.2f}",
                *(f"{(mine >= points[p]).mean():.0%}".replace("%", " %") for p in (0.01, 0.05)))))
    table(("source", "kind", "pictures", "mean probability", "flagged at 0.01", "flagged at 0.05"), [row for *_, row in sorted(rows)])

    with open(testset.LIST, newline="") as f:
        listed = {row["sha256"][:16]: row for row in csv.DictReader(f)}
    rows = []
    for kind, sign in zip(data.KINDS, (1, -1, -1)):
        mine = sorted((sign * s, path) for path, s in score["clean"].items() if source[path][0] == kind)
        for s, path in mine[:FAILURES]:
            row = listed[pathlib.Path(path).stem]
            rows.append((kind, f"{row['repo']}, `{row['path']}`", testset.source(row), f"{abs(s):.2f}"))
    table(("kind", "picture", "generator or source", "probability"), rows)


if __name__ == "__main__":
    main()
