#!/usr/bin/env python3
"""Opens pages of reports and of scans in a headless browser, as people see them: light, dark, on a telephone, on paper.

usage: pages.py EXAMPLE FOLDER [PAGE...]

EXAMPLE is the example `report` of deepscreen-eval. It makes pages in FOLDER from score files that are written here, with
names that try to break out of a page and pictures of fixtures/sample as thumbnails. PAGE is another page, whose name says
its language: full-vi.html. One whose name begins with scan- is of `scan --format html`. FOLDER gets screenshots and what is
printed beside the pages.

Asserted of every page: the browser has nothing to say of it, it asks for nothing, nothing sticks out at 390 px, every
picture is there, language and title are right, headings are in order, tables have captions, pictures have words, and the
Tab key comes to all that can be scrolled, which arrow keys then scroll. Of a scan's page, that the Tab key comes to every
filter, and that keys switch it and pictures go and come.

Needs chromium on the path; says so and passes where it is not. Speaks to it through a pipe: no port, no other package.
"""
import base64
import csv
import fcntl
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading

TITLES = {"en": "Comparison of detectors", "vi": "So sánh các bộ phát hiện"}
TITLES_OF_SCANS = {"en": "Screened pictures", "vi": "Ảnh đã rà soát"}
HOSTILE = ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "]]></style></svg>{{ 7 * 7 }}",
           "\u202egnp.exe\u202c\u2066", "two\nlines", "&lt;b&gt; & <b>", "=HYPERLINK(\"http://x\")"]
# Which sizes and colours; whether words may run out of the page sideways is asked in each of them.
VIEWS = {"light": (1280, 900, 1, "light"), "dark": (1280, 900, 1, "dark"), "narrow": (390, 844, 2, "light"),
         "narrow-dark": (390, 844, 2, "dark")}
# Pictures that wait until they are scrolled to are asked for now.
LOADED = """Promise.all([...document.images].map((one) => { one.loading = "eager"; return one.decode().catch(() => 0); }))
  .then(() => 0)"""
FACTS = """(() => {
  const all = (of, from = document) => [...from.querySelectorAll(of)];
  const levels = all("h1, h2, h3, h4").map((one) => Number(one.tagName[1]));
  const ids = all("[id]").map((one) => one.id);
  return {
    lang: document.documentElement.lang,
    title: document.title,
    inner: innerWidth,
    width: document.documentElement.scrollWidth,
    images: all("img").length,
    broken: all("img").filter((one) => !(one.complete && one.naturalWidth > 0)).length,
    wordless: all("img").filter((one) => !one.alt).length,
    plots: all("svg").length,
    unnamed: all("svg").filter((one) => one.getAttribute("role") !== "img"
      || !document.getElementById(one.getAttribute("aria-labelledby"))?.textContent).length,
    tables: all("table").length,
    uncaptioned: all("table").filter((one) => !one.caption?.textContent).length,
    landmarks: ["header", "nav", "main", "footer"].filter((one) => all(one).length !== 1),
    headings: levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1 || (level === 1 && i > 0)).length,
    ids: ids.length - new Set(ids).size,
    dangling: all("a[href^='#']").filter((one) => !document.getElementById(one.hash.slice(1))).length,
    scripts: all("script, iframe, object, embed, [onerror], [onload]").length,
    links: all("a[href]:not([href^='#'])").length,
    boxes: all(".scroll").filter((one) => one.checkVisibility()).length,
    small: all("main *").filter((one) => one.checkVisibility() && !one.closest("svg, sup") && one.innerText?.trim()
      && parseFloat(getComputedStyle(one).fontSize) < 11).length,
  };
})()"""


class Browser:
    """Chromium at the other end of a pipe."""

    def __init__(self, program, profile):
        to_us, from_browser = os.pipe()
        to_browser, from_us = os.pipe()
        # Its ends are the descriptors 3 and 4, which none of ours may be.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        # Root, as in a container, has no sandbox; and nothing here comes from elsewhere.
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--disable-background-networking", "--disable-component-update", "--no-first-run", "--hide-scrollbars",
             f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
            pass_fds=(3, 4), preexec_fn=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        self.output, self.input = os.fdopen(to_us, "rb"), os.fdopen(from_us, "wb")
        self.number, self.rest, self.events, self.session = 0, b"", [], None
        # Whatever it waits for, it does not wait for ever.
        self.timer = threading.Timer(600, self.process.kill)
        self.timer.start()
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def read(self):
        while b"\0" not in self.rest:
            more = os.read(self.output.fileno(), 1 << 20)
            if not more:
                raise SystemExit("the browser has ended")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.input.write(json.dumps(message).encode() + b"\0")
        self.input.flush()
        while True:
            answer = self.read()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.events.append(answer)

    def evaluate(self, code):
        answer = self.ask("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, address):
        self.events.clear()
        self.ask("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.read())
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, key, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def press_space(self):
        for kind, text in (("keyDown", " "), ("keyUp", "")):
            self.ask("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", windowsVirtualKeyCode=32, text=text)

    def complaints(self, address):
        """What was said or asked for since the page was opened."""
        for event in self.events:
            method, values = event.get("method"), event.get("params", {})
            if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                yield json.dumps(values)[:500]
            if method == "Network.requestWillBeSent":
                url = values["request"]["url"]
                if url != address and not url.startswith("data:"):
                    yield f"asks for {url[:200]}"

    def close(self):
        self.timer.cancel()
        self.session = None
        self.ask("Browser.close")
        self.process.wait(30)


def write_scores(path, pictures, detectors, classes=("real", "fake"), count=1500, hostile=()):
    """Detectors of differing quality; the second leaves some pictures out."""
    chance = random.Random(7)
    groups = {"fake": ["sdxl-1.0", "FLUX.1-dev", "Midjourney 6", "một nhóm có tên rất dài để thử chỗ xuống dòng", ""],
              "real": ["phone photos", "news", "paintings and scans", ""]}
    for i, name in enumerate(hostile):
        groups[("fake", "real")[i % 2]].append(name)
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "label", "group", *detectors])
        for i in range(count):
            label = classes[i % len(classes)]
            group = chance.choice(groups[label])
            base = (1 if label == "fake" else -1) + 0.2 * (len(group) % 5)
            scores = [1 / (1 + math.exp(-(2.2 - k) * base - chance.gauss(0, 1.4))) for k in range(len(detectors))]
            name = f"data/{label}/{i:05}.jpg"
            if i < len(pictures):
                # Mistakes that have a picture.
                name, scores = str(pictures[i]), [0.01 if label == "fake" else 0.99] * len(detectors)
            elif i - len(pictures) < len(hostile):
                name, scores = hostile[i - len(pictures)], [0.02 if label == "fake" else 0.98] * len(detectors)
            written = [f"{score:.4f}" for score in scores]
            if len(written) > 1 and chance.random() < 0.02:
                written[1] = ""
            rows.writerow([name, label, group, *written])


def look(browser, page, language, folder, name):
    """Everything that is asserted of one page; gives what was seen."""
    address = page.resolve().as_uri()
    wrong, facts = [], {}
    is_scan = name.startswith("scan-")
    titles = TITLES_OF_SCANS if is_scan else TITLES
    for view, (width, height, scale, colours) in VIEWS.items():
        browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                    mobile=width < 500)
        features = [{"name": "prefers-color-scheme", "value": colours}]
        browser.ask("Emulation.setEmulatedMedia", media="screen", features=features)
        browser.open(address)
        browser.evaluate(LOADED)
        facts = browser.evaluate(FACTS)
        wrong += [f"{view}: {complaint}" for complaint in browser.complaints(address)]
        if facts["width"] > facts["inner"] or facts["inner"] != width:
            wrong.append(f"{view}: {facts['width']} px wide on a screen of {width} px, shown as {facts['inner']} px")
        if facts["lang"] != language or not facts["title"].startswith(titles[language]):
            wrong.append(f"{view}: language {facts['lang']!r}, title {facts['title']!r}")
        for what in ("broken", "wordless", "unnamed", "uncaptioned", "landmarks", "headings", "ids", "dangling",
                     "scripts", "links", "small"):
            if facts[what]:
                wrong.append(f"{view}: {what}: {facts[what]}")
        light = browser.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((x) => x > 127)")
        if light != (colours == "light"):
            wrong.append(f"{view}: the ground is {'light' if light else 'dark'}")
        picture = browser.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                              clip=dict(x=0, y=0, width=width, height=browser.evaluate(
                                  "Math.min(document.documentElement.scrollHeight, 15000 / devicePixelRatio)"), scale=1))
        (folder / f"{name}-{view}.png").write_bytes(base64.b64decode(picture["data"]))
        if view == "narrow":
            faults = filters(browser) if is_scan else keyboard(browser, facts["boxes"])
            wrong += [f"{view}: {fault}" for fault in faults]
    browser.ask("Emulation.clearDeviceMetricsOverride")
    browser.ask("Emulation.setEmulatedMedia", media="print", features=[])
    browser.open(address)
    wrong += [f"print: {complaint}" for complaint in browser.complaints(address)]
    hidden = browser.evaluate("[...document.querySelectorAll('main td, .row')].filter((one) => !one.checkVisibility("
                              "{contentVisibilityAuto: true})).length")
    if hidden:
        wrong.append(f"print: {hidden} cells or rows are not printed")
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])
    printed = browser.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
    (folder / f"{name}.pdf").write_bytes(base64.b64decode(printed["data"]))
    return wrong, facts


def keyboard(browser, boxes):
    """Goes through the page with the Tab key; yields what it does not come to or what then does not scroll."""
    browser.evaluate("document.body.focus(); window.reached = new Set(); 0")
    first, scrolled, wide = None, 0, 0
    for step in range(400):
        browser.press("Tab", 9)
        where = browser.evaluate("(() => { const it = document.activeElement; if (it === document.body) return 'out';"
                                 "if (it.matches('.scroll')) reached.add(it);"
                                 "return it.className + it.tagName + it.getAttribute('href'); })()")
        first = first or where
        if where == "out" or (step and where == first):
            break
        if where.startswith("scroll") and browser.evaluate(
                "document.activeElement.scrollWidth > document.activeElement.clientWidth + 40"):
            wide += 1
            browser.press("ArrowRight", 39)
            browser.evaluate("new Promise((done) => setTimeout(done, 200))")
            scrolled += browser.evaluate("document.activeElement.scrollLeft > 0")
    if "skip" not in (first or ""):
        yield f"the first stop is {first}, not the link past the head"
    reached = browser.evaluate("reached.size")
    if reached != boxes:
        yield f"the Tab key comes to {reached} of {boxes} boxes that scroll"
    if scrolled != wide or not wide:
        yield f"arrow keys scroll {scrolled} of {wide} boxes"


def filters(browser):
    """Goes through a scan's page with the Tab key and uses its filters by keys; yields what does not work."""
    # Of every picture that is there at all, whether it is to be seen; copies go with their first.
    seen = ("JSON.stringify([...document.querySelectorAll('.results > li')].map((one) => one.checkVisibility() ? "
            "one.className : null))")
    everything = json.loads(browser.evaluate(seen))
    labels = browser.evaluate("[...document.querySelectorAll('.tile input:enabled')].map((one) => one.id)")
    reasons = browser.evaluate("[...document.querySelectorAll('.reasons input')].map((one) => one.id)")
    browser.evaluate("document.body.focus(); 0")
    reached, first = [], None
    for _ in range(60 + len(labels)):
        browser.press("Tab", 9)
        where = browser.evaluate("document.activeElement.id || document.activeElement.className "
                                 "|| document.activeElement.localName")
        first = first or where
        if where == "body":
            break
        reached.append(where)
        if where in labels:
            shows = f"document.getElementById('{where.removeprefix('show-')}').checkVisibility()"
            ring = browser.evaluate("getComputedStyle(document.activeElement.closest('.tile')).outlineStyle")
            if ring != "solid":
                yield f"{where}: the focus is not to be seen ({ring})"
            for expected in (False, True):
                browser.press_space()
                if browser.evaluate(shows) != expected:
                    yield f"{where}: the space bar does not {'show' if expected else 'hide'} its pictures"
        if where == "reason-any":
            for chosen in reasons[1:]:
                browser.press("ArrowDown", 40)
                now = browser.evaluate("document.activeElement.id")
                at = chosen.replace("reason-", "r")
                expected = [one if one and at in one.split() else None for one in everything]
                if now != chosen or json.loads(browser.evaluate(seen)) != expected:
                    yield f"{chosen}: an arrow key comes to {now} and shows others than those with this reason"
                if browser.evaluate("document.querySelector('.nothing').checkVisibility()"):
                    yield f"{chosen}: says that there is nothing"
            browser.evaluate("document.querySelectorAll('.tile input:enabled').forEach((one) => one.click()); 0")
            if not browser.evaluate("document.querySelector('.nothing').checkVisibility()"):
                yield "nothing is shown, and nothing said of it"
            browser.evaluate("document.querySelectorAll('.tile input:enabled').forEach((one) => one.click()); 0")
            browser.press("ArrowDown", 40)
    if len(reasons) > 1:
        # A page of thousands: seconds would be the browser's asking all of it again for each picture.
        took = browser.evaluate("""(() => {
          const lists = [...document.querySelectorAll(".results")], rows = lists.flatMap((one) => [...one.children]);
          const more = Array.from({length: 4000}, (_, i) => rows[i % rows.length].cloneNode(true));
          lists[0].append(...more);
          document.body.offsetHeight;
          const begun = performance.now();
          for (const reason of document.querySelectorAll(".reasons input")) {
            reason.click();
            document.body.offsetHeight;
          }
          document.getElementById("reason-any").click();
          const took = performance.now() - begun;
          more.forEach((one) => one.remove());
          return took;
        })()""")
        if took > 5000:
            yield f"the filters take {took / 1000:.0f} s on a page of 4,000 pictures"
    if json.loads(browser.evaluate(seen)) != everything:
        yield "the filters do not come back to where they were"
    if first != "skip":
        yield f"the first stop is {first}, not the link past the head"
    missed = [one for one in labels + reasons[:1] if one not in reached]
    if missed:
        yield f"the Tab key does not come to {missed}"
    if everything and "summary" not in reached:
        yield "the Tab key does not come to what is folded"


def main():
    example, folder, *others = sys.argv[1:]
    program = shutil.which("chromium")
    if not program:
        print("skipped: chromium is not installed (apt-get install chromium)")
        return 0
    pictures = [path for path in sorted(pathlib.Path("fixtures/sample").glob("*.jpg")) if path.stat().st_size < 1 << 16]
    folder = pathlib.Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    three = ["ai-image", "universal-detector", "CNNDetect (2020)"]
    cases = {"three": dict(detectors=three), "hostile": dict(detectors=HOSTILE, hostile=HOSTILE, count=400),
             "one-class": dict(detectors=["alone"], classes=("fake",), count=60)}
    pages = []
    for case, values in cases.items():
        scores = folder / f"{case}.csv"
        write_scores(scores, pictures, **values)
        for language in TITLES:
            made = folder / f"{case}-{language}"
            subprocess.run([example, scores, made, language], check=True)
            pages.append((made.name, made / "report.html", language))
    pages += [(page.stem, page, page.stem.rsplit("-", 1)[-1]) for page in map(pathlib.Path, others)]
    failed = 0
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        try:
            for name, page, language in pages:
                wrong, facts = look(browser, page, language, folder, name)
                is_scan = name.startswith("scan-")
                if is_scan and not facts["images"] and "empty" not in name:
                    wrong.append("no pictures")
                if not is_scan and not name.startswith("one-class") and not (
                        facts["images"] and facts["plots"] >= 5):
                    wrong.append(f"{facts['images']} pictures and {facts['plots']} plots")
                failed += bool(wrong)
                print(f"{name}: {facts['tables']} tables, {facts['plots']} plots, {facts['images']} pictures:",
                      "something is wrong" if wrong else "as it should be")
                for fault in dict.fromkeys(wrong):
                    print("   ", fault)
        finally:
            browser.close()
    print(f"{len(pages) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
