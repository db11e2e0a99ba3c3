"""Movies: as many frames as moments, that change, on fixed colours, with their time."""

import re
import subprocess
import sys

import numpy as np
import pytest

from tests.app.test_run_into_folder import BRICK
from tests.conftest import CASES
from thermo.results.store import damage
from viz import movie, read

CU = CASES / "paper" / "cu-20li.yaml"


@pytest.fixture
def brick(thermo, tmp_path):
    (tmp_path / "brick.yaml").write_text(BRICK)
    assert thermo("run", "brick.yaml", "--no-pictures", "--no-report", "--out", "brick")[0] == 0
    return tmp_path / "brick"


def frames_of(file):
    """What ffmpeg says of a movie, and its frames as numbers."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", file, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    about = done.stderr.decode(errors="replace")
    width, height = map(int, re.search(r"Video: h264.* (\d+)x(\d+)", about).groups())
    return about, np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3).astype(int)


@pytest.mark.slow
def test_a_movie_has_every_moment_and_moves(brick, thermo):
    code, out, _ = thermo("movie", "brick")
    assert code == 0
    assert out == "movie: brick/movie.mp4\n"
    about, frames = frames_of(brick / "movie.mp4")
    run = read.read_run(brick)
    assert len(frames) == len(movie.moments([run])) == len(run.frames)
    assert "yuv420p" in about
    assert np.abs(frames[0] - frames[-1]).mean() > 1.0
    # the bar of colours at the right and its numbers stay as they are
    assert np.abs(frames[0][:, -140:] - frames[-1][:, -140:]).mean() < 1.0
    assert damage(brick) == []
    assert thermo("report", "brick")[0] == 0
    assert b"data:video/mp4;base64," in (brick / "report.html").read_bytes()


def test_without_the_extra_one_line_says_what_to_install(brick, thermo, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    code, out, err = thermo("movie", "brick")
    assert (code, out) == (2, "")
    assert err == ["error: brick: a movie needs the extra 'movie': pip install 'thermorun[movie]'"]
    assert not (brick / "movie.mp4").exists()


def test_what_has_no_field_has_no_movie(thermo):
    assert thermo("run", CU, "--no-pictures", "--no-report", "--out", "cell", "--set", "programme.end=60 degC")[0] == 0
    code, _, err = thermo("movie", "cell")
    assert code == 5
    assert len(err) == 1
    assert "needs two or more frames of a body in a plane or in space" in err[0]


def test_a_drawing_process_that_dies_is_told_in_words(brick, monkeypatch):
    monkeypatch.setattr(movie.sys, "executable", "/bin/false")
    with pytest.raises(ValueError, match="the drawing process ended with 1"):
        movie.movie(brick)


def test_of_many_frames_a_hundred_are_chosen(brick):
    run = read.read_run(brick)
    many = run._replace(frames=tuple(read.Frame(float(t), run.frames[0].file) for t in range(1, 1002)))
    chosen = movie.moments([many])
    assert len(chosen) == movie.MOST_FRAMES
    assert (chosen[0], chosen[-1]) == (1.0, 1001.0)
    assert set(np.diff(chosen)) <= {10.0, 11.0}
