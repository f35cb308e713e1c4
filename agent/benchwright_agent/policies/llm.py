"""A whole testbench by a model alone, as `generate --policy llm` runs it: the paper's protocol.

Nothing of the search takes part. The best testbench becomes the output as the model wrote it; its
coverage is that of its own simulation in the round that it was written in.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchwright_agent.budget import Budget
from benchwright_agent.events import Note, OnEvent, Phase, ignore
from benchwright_agent.interrupt import interruptible
from benchwright_agent.judging import judge
from benchwright_agent.models.choice import open_model
from benchwright_agent.models.model import Model, ModelError
from benchwright_agent.options import GenerateOptions
from benchwright_agent.output import check_writable, write_outputs
from benchwright_agent.protocol import ProtocolOptions, ProtocolRun, run_protocol
from benchwright_agent.recorder import Recorder
from benchwright_agent.replay import RecordedModel, recorded_options
from benchwright_agent.result import Closing
from benchwright_agent.task import Attempt, SourceText, Task, source_texts
from benchwright_agent.trajectory import read_trajectory
from benchwright_sim.coverage import Coverage
from benchwright_sim.elaboration import Elaboration
from benchwright_sim.errors import DesignRunError
from benchwright_sim.verdict import Verdicts, decide
from benchwright_sim.waivers import apply_waivers
