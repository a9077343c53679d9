"""The rules of stages as the tests of this folder call them; they are the command line's too."""

from compositions.examples import FOLDER, examples_of
from compositions.rules import (
    TAIL,
    answer_of,
    effects_of,
    faults_of,
    loaded,
    name_of,
    stage_files,
)

__all__ = [
    "FOLDER",
    "TAIL",
    "answer_of",
    "effects_of",
    "examples_of",
    "faults_of",
    "loaded",
    "name_of",
    "stage_files",
]
