"""What happens to pictures on the web, done to a whole batch at once: zoom, colour, blur, noise, JPEG.

All draws are the same for both classes. Pixels are float32 from 0 to 255, [N, 3, H, W].
"""
import torch
import torch.nn.functional as F

SIDE = 224
LARGE = 256

LUMA = (16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99)
CHROMA = (17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99,
          99, 99, 99, 99) + (99,) * 32


def uniform(n, low, high, device):
    return torch.rand(n, device=device) * (high - low) + low


def chance(n, p, device):
    return torch.rand(n, device=device) < p


def jpeg(x, quality, subsample):
    """Through the losses of JPEG and back; `quality` and `subsample` for each picture. Sides: multiples of 16."""
    n, device = len(x), x.device
    k = torch.arange(8, device=device, dtype=torch.float32)
    dct = torch.cos((2 * k[None] + 1) * k[:, None] * torch.pi / 16) / 2
    dct[0] /= 2 ** 0.5
    both = torch.kron(dct, dct)  # of a block of 64 pixels at once
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    table = lambda base: (torch.tensor(base, device=device, dtype=torch.float32).view(1, 1, 64)
                          * scale.view(n, 1, 1) / 100).add(0.5).floor().clamp(1, 255)

    def channel(c, t):
        h, w = c.shape[-2:]
        blocks = c.view(n, h // 8, 8, w // 8, 8).permute(0, 1, 3, 2, 4).reshape(n, -1, 64) - 128
        coded = ((blocks @ both.T) / t).round() * t
        back = coded @ both + 128
        return back.view(n, h // 8, w // 8, 8, 8).permute(0, 1, 3, 2, 4).reshape(n, h, w)

    r, g, b = x.unbind(1)
    y = channel(0.299 * r + 0.587 * g + 0.114 * b, table(LUMA))
    out = []
    for c in (128 - 0.168736 * r - 0.331264 * g + 0.5 * b, 128 + 0.5 * r - 0.418688 * g - 0.081312 * b):
        t = table(CHROMA)
        small = channel(F.avg_pool2d(c[:, None], 2)[:, 0], t)
        small = F.interpolate(small[:, None], scale_factor=2, mode="bilinear", align_corners=False)[:, 0]
        out.append(torch.where(subsample.view(n, 1, 1), small, channel(c, t)) - 128)
    cb, cr = out
    back = torch.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], 1)
    return back.clamp(0, 255).round()


def some(x, mask, change):
    """`change` for the pictures of `mask` alone."""
    if mask.any():
        x = x.clone()
        x[mask] = change(x[mask])
    return x


def compress(x, p):
    def once(part):
        n = len(part)
        return jpeg(part, uniform(n, 30, 96, x.device).floor(), chance(n, 0.6, x.device))
    return some(x, chance(len(x), p, x.device), once)


def sample(x, left, top, width, height, side, flip):
    """A rectangle of each picture, bilinear, to `side` squared; exact pixels where nothing is scaled."""
    h, w = x.shape[-2:]
    steps = torch.arange(side, device=x.device, dtype=torch.float32) + 0.5
    across = left[:, None] + width[:, None] * steps / side
    across = torch.where(flip[:, None], across.flip(1), across)
    down = top[:, None] + height[:, None] * steps / side
    grid = torch.stack([(2 * across / w - 1)[:, None, :].expand(-1, side, -1),
                        (2 * down / h - 1)[:, :, None].expand(-1, -1, side)], -1)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def colour(x):
    n, d = len(x), x.device
    col = lambda low, high: uniform(n, low, high, d).view(n, 1, 1, 1)
    grey = x.mean(1, keepdim=True)
    y = grey + (x - grey) * col(0.6, 1.4)
    mean = y.mean((1, 2, 3), keepdim=True)
    return ((y - mean) * col(0.75, 1.25) + mean * col(0.8, 1.2)).clamp(0, 255)


def blur(x):
    n, d = len(x), x.device
    k = torch.arange(-3, 4, device=d, dtype=torch.float32)
    g = torch.exp(-k ** 2 / (2 * uniform(n, 0.4, 1.3, d)[:, None] ** 2))
    g = (g / g.sum(1, keepdim=True)).repeat_interleave(3, 0)
    h, w = x.shape[-2:]
    y = F.pad(x, (3, 3, 3, 3), mode="reflect").reshape(1, n * 3, h + 6, w + 6)
    y = F.conv2d(F.conv2d(y, g.view(-1, 1, 1, 7), groups=n * 3), g.view(-1, 1, 7, 1), groups=n * 3)
    return y.view(n, 3, h, w)


def noise(x):
    sigma = uniform(len(x), 1, 8, x.device).view(-1, 1, 1, 1)
    return (x + torch.randn_like(x) * sigma).clamp(0, 255)


def damage(x, p_jpeg):
    d = x.device
    x = some(x, chance(len(x), 0.35, d), colour)
    x = some(x, chance(len(x), 0.04, d), lambda part: part.mean(1, keepdim=True).expand(-1, 3, -1, -1))
    x = some(x, chance(len(x), 0.12, d), blur)
    x = some(x, chance(len(x), 0.12, d), noise)
    x = compress(x.round(), p_jpeg)
    return compress(x, p_jpeg / 3)


def windows(x, sizes):
    """Windows at native resolution (`sizes`: height, width of what is picture) to crops of SIDE."""
    n, d = len(x), x.device
    height, width = sizes[:, 0].float(), sizes[:, 1].float()
    zoom = torch.where(chance(n, 0.55, d), torch.ones(n, device=d), torch.exp(uniform(n, -0.3, 0.25, d)))
    zoom = torch.minimum(zoom, torch.minimum(height, width) / LARGE)
    region = zoom * LARGE
    left = (torch.rand(n, device=d) * (width - region + 0.999)).floor().clamp(min=0)
    top = (torch.rand(n, device=d) * (height - region + 0.999)).floor().clamp(min=0)
    x = sample(x, left, top, region, region, LARGE, chance(n, 0.5, d))
    x = damage(x, 0.6)
    steps = torch.arange(SIDE, device=d)
    across = torch.randint(0, LARGE - SIDE + 1, (n, 1), device=d) + steps
    down = torch.randint(0, LARGE - SIDE + 1, (n, 1), device=d) + steps
    x = x.gather(2, down[:, None, :, None].expand(-1, 3, -1, LARGE))
    return x.gather(3, across[:, None, None, :].expand(-1, 3, SIDE, -1))


def wholes(x):
    """The whole picture, nearly whole, to SIDE squared."""
    n, d, side = len(x), x.device, x.shape[-1]
    width, height = (uniform(n, 0.8, 1, d) * side for _ in range(2))
    full = chance(n, 0.4, d)
    width, height = torch.where(full, side, width), torch.where(full, side, height)
    left, top = torch.rand(n, device=d) * (side - width), torch.rand(n, device=d) * (side - height)
    return damage(sample(x, left, top, width, height, SIDE, chance(n, 0.5, d)), 0.3)
