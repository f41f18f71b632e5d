#!/usr/bin/env python3
"""Write a synthetic click log shaped like TalkingData's public AdTracking sample.

The demo must train a real model without shipping anybody's data, so the rows are invented: the columns, value
ranges, popularity curves and daily rhythm resemble the sample, the label follows a rule a model can learn.

Only ``Random.random()`` is used. It is the one generator call whose sequence Python promises to keep for a given
seed, therefore a seed gives the same bytes on every machine.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Iterator, Sequence

HEADER = "ip,app,device,os,channel,click_time,is_attributed"
FIRST_CLICK = datetime(2017, 11, 6, 16, 0, 14)
LAST_CLICK = datetime(2017, 11, 9, 15, 59, 44)
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

# Clicks per hour of the day (UTC). The log was recorded in China, where 17..22 UTC is night.
HOURLY_TRAFFIC = (18, 17, 17, 17, 19, 19, 17, 15, 15, 16, 17, 18, 18, 17, 19, 18, 12, 7, 4, 3, 2, 3, 7, 13)

MAX_IP = 364_719
ONE_OFF_SHARE = 0.47  # clicks from addresses that are not in the pool of returning ones
RETURNING_IPS = 6_500
BUSY_IPS = 150        # the head of that pool: crowded addresses, where clicks are cheap and installs rare

APPS = 84
CHANNELS = 150
DEVICES = (1, 2, 0, 3032, 3543, 3866)
DEVICE_WEIGHTS = (9_390, 470, 70, 26, 15, 9)
RARE_DEVICE_SHARE = 0.0014
OS_VERSIONS = 104

# Log-odds of an install. Few apps convert at all; the numbers make about 3 % of the clicks positive.
BASE_LOG_ODDS = -7.2
APP_LIFT = 5.4
CHANNEL_LIFT = 2.6
DEVICE_ZERO_LIFT = 3.0
BUSY_IP_LIFT = -2.5


class Popularity:
    """Draws items with given weights."""

    def __init__(self, items: Sequence[int], weights: Sequence[float]) -> None:
        self._items = items
        self._bounds = list(accumulate(weights))

    def draw(self, rng: Random) -> int:
        return self._items[bisect_right(self._bounds, rng.random() * self._bounds[-1], hi=len(self._items) - 1)]


def power_law(count: int, shift: float, exponent: float) -> list[float]:
    """Weights of ranks 0..count-1: a head of a few items and a long tail, as in every click log."""
    return [(rank + shift) ** -exponent for rank in range(count)]


def distinct_ids(rng: Random, count: int, limit: int, skew: float) -> list[int]:
    """``count`` different ids in 1..limit, popular ranks first; ``skew`` > 1 favours small ids."""
    ids: dict[int, None] = {}
    while len(ids) < count:
        ids[1 + int(rng.random() ** skew * limit)] = None
    return list(ids)


@dataclass(frozen=True)
class World:
    """What does not depend on the seed: which apps, channels and addresses exist and which of them convert."""

    apps: Popularity
    channels_of: dict[int, Popularity]
    systems: Popularity
    returning_ips: Popularity
    busy_ips: frozenset[int]
    converting_apps: frozenset[int]
    converting_channels: frozenset[int]

    @staticmethod
    def build() -> "World":
        rng = Random("talkingdata world")
        app_ids = distinct_ids(rng, APPS, 581, 4.0)
        channel_ids = distinct_ids(rng, CHANNELS, 497, 1.0)
        os_ids = distinct_ids(rng, OS_VERSIONS, 866, 5.0)
        ip_ids = distinct_ids(rng, RETURNING_IPS, 200_000, 1.5)
        channels_of = {}
        for rank, app in enumerate(app_ids):
            # Popular apps are advertised on many channels, the tail on one or two.
            count = max(1, 26 - rank)
            picks = [channel_ids[int(rng.random() * CHANNELS)] for _ in range(count)]
            channels_of[app] = Popularity(picks, power_law(count, 1.0, 1.1))
        return World(
            apps=Popularity(app_ids, power_law(APPS, 9.0, 3.8)),
            channels_of=channels_of,
            systems=Popularity(os_ids, power_law(OS_VERSIONS, 4.5, 2.9)),
            returning_ips=Popularity(ip_ids, power_law(RETURNING_IPS, 1.0, 0.65)),
            busy_ips=frozenset(ip_ids[:BUSY_IPS]),
            converting_apps=frozenset(app_ids[5::4]),
            converting_channels=frozenset(channel_ids[::4]),
        )


def draw_device(rng: Random, usual: Popularity) -> int:
    if rng.random() < RARE_DEVICE_SHARE:
        return 3 + int(rng.random() * 400)
    return usual.draw(rng)


def draw_click_time(rng: Random, hours: Popularity) -> datetime:
    """A second of the recorded three days, following the daily rhythm."""
    midnight = FIRST_CLICK.replace(hour=0, minute=0, second=0)
    while True:
        day = int(rng.random() * 4)
        moment = midnight + timedelta(days=day, hours=hours.draw(rng), seconds=int(rng.random() * 3600))
        if FIRST_CLICK <= moment <= LAST_CLICK:
            return moment


def install_probability(world: World, ip: int, app: int, device: int, channel: int) -> float:
    log_odds = (
        BASE_LOG_ODDS
        + APP_LIFT * (app in world.converting_apps)
        + CHANNEL_LIFT * (channel in world.converting_channels)
        + DEVICE_ZERO_LIFT * (device == 0)
        + BUSY_IP_LIFT * (ip in world.busy_ips)
    )
    return 1.0 / (1.0 + math.exp(-log_odds))


def click_rows(rows: int, seed: int) -> Iterator[str]:
    """CSV lines without the header. The first two clicks mark the ends of the recorded period."""
    world = World.build()
    rng = Random(seed)
    hours = Popularity(range(24), HOURLY_TRAFFIC)
    devices = Popularity(DEVICES, DEVICE_WEIGHTS)
    period = (FIRST_CLICK, LAST_CLICK)
    seen: set[tuple[int, datetime]] = set()
    while len(seen) < rows:
        one_off = rng.random() < ONE_OFF_SHARE
        ip = 1 + int(rng.random() * MAX_IP) if one_off else world.returning_ips.draw(rng)
        moment = period[len(seen)] if len(seen) < 2 else draw_click_time(rng, hours)
        if (ip, moment) in seen:
            continue  # a window ordered by time must not depend on how an engine breaks ties
        seen.add((ip, moment))
        app = world.apps.draw(rng)
        device = draw_device(rng, devices)
        system = world.systems.draw(rng)
        channel = world.channels_of[app].draw(rng)
        attributed = int(rng.random() < install_probability(world, ip, app, device, channel))
        yield f"{ip},{app},{device},{system},{channel},{moment.strftime(TIME_FORMAT)},{attributed}"


def write_csv(path: Path, rows: int, seed: int) -> None:
    """Replace ``path`` in one step, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("w", encoding="ascii", newline="\n") as out:
            out.write(HEADER + "\n")
            out.writelines(line + "\n" for line in click_rows(rows, seed))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write a synthetic TalkingData-like click log.")
    parser.add_argument("--rows", type=int, default=10_000, help="number of clicks, at least 2 (default %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same bytes (default %(default)s)")
    parser.add_argument("output", type=Path, metavar="OUT.csv")
    options = parser.parse_args(arguments)
    if options.rows < 2:
        parser.error("--rows must be at least 2")
    try:
        write_csv(options.output, options.rows, options.seed)
    except OSError as error:
        print(f"cannot write {options.output}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
