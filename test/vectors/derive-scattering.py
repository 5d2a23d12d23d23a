"""Scattering features of one drawn image by numpy and scipy alone, for scattering.json: python3 derive-scattering.py

Filters as in Kymatio (scattering2d/filter_bank.py): Morlet, sigma 0.8*2^j, frequency 3*pi/4/2^j, slant 4/L.
"""
import json
import numpy as np

H, J, L, CELL, SIDE = 16, 2, 4, 4, 32


def gabor(n, sigma, theta, xi, slant):
    rotation = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    curve = rotation @ np.diag([1, slant**2]) @ rotation.T / (2 * sigma**2)
    total = np.zeros((n, n), complex)
    for ex in range(-2, 3):
        for ey in range(-2, 3):
            x, y = np.mgrid[ex * n : ex * n + n, ey * n : ey * n + n]
            power = curve[0, 0] * x * x + 2 * curve[0, 1] * x * y + curve[1, 1] * y * y
            total += np.exp(-power + 1j * xi * (x * np.cos(theta) + y * np.sin(theta)))
    return total / (2 * np.pi * sigma**2 / slant)


def morlet(n, j, k):
    sigma, xi, theta, slant = 0.8 * 2**j, 0.75 * np.pi / 2**j, k * np.pi / L, 4 / L
    wave, envelope = gabor(n, sigma, theta, xi, slant), gabor(n, sigma, theta, 0, slant)
    return np.real(np.fft.fft2(wave - wave.sum() / envelope.sum() * envelope))


def standardised(x):
    return (x - x.mean()) / (x.std() + 1e-3)


row, column = np.mgrid[0:H, 0:H]
image = ((row * 7 + column * 13 + row * column) % 23) / 22
centres = CELL * np.arange(H // CELL) + (CELL - 1) / 2
weights = np.exp(-((np.arange(H)[None] - centres[:, None]) ** 2) / (2 * (0.4 * CELL) ** 2))
weights /= weights.sum(1, keepdims=True)
margin = (SIDE - H) // 2
padded = np.pad(standardised(image), margin, mode="reflect")
pool = lambda u: weights @ u[margin : margin + H, margin : margin + H] @ weights.T
filters = [[morlet(SIDE, j, k) for k in range(L)] for j in range(J)]
first, second = [], []
for j in range(J):
    for k in range(L):
        u = np.abs(np.fft.ifft2(np.fft.fft2(padded) * filters[j][k]))
        first.append(pool(u))
        for j2 in range(j + 1, J):
            second += [pool(np.abs(np.fft.ifft2(np.fft.fft2(u) * f))) for f in filters[j2]]
channels = np.stack([pool(padded), *first, *second])
groups = [standardised(channels[a : a + L + 1]) for a in range(0, len(channels), L + 1)]
features = np.concatenate(groups).ravel()
features *= 10 / np.linalg.norm(features)
picked = list(range(0, len(features), 13))
print(json.dumps({
    "how": "derive-scattering.py: numpy's FFT and Kymatio's filter formulas, of the 16x16 image ((7r + 13c + rc) mod 23) / 22",
    "image": {"side": H}, "scattering": {"scales": J, "angles": L, "cell": CELL},
    "length": len(features), "values": [[i, float(features[i])] for i in picked],
}, indent=2))
