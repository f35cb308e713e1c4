"""Neovim without a display, as docs/editors.md sets it up: from a code action to a testbench."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.editors.setup_text import REPOSITORY, editor_environment, setup_text

# A user opens the file, asks for code actions on the module's line and takes the one that
# `vim.ui.select` offers under this title.
DRIVE = """
vim.ui.select = function(items, options, choose)
  for _, item in ipairs(items) do
    local title = options.format_item and options.format_item(item) or item
    if title:find("Generate coverage testbench") then return choose(item) end
  end
  io.stderr:write("no action among " .. vim.inspect(items) .. "\\n")
  vim.cmd("cquit 3")
end
local function wait(what, ms, condition)
  if not vim.wait(ms, condition, 50) then
    io.stderr:write(what .. ": not in time\\n")
    vim.cmd("cquit 4")
  end
end
vim.cmd("edit fifo.sv")
wait("server", 10000, function()
  local _, client = next(vim.lsp.buf_get_clients(0))
  return client and client.initialized
end)
vim.fn.cursor(vim.fn.search("^module fifo"), 1)
vim.lsp.buf.code_action()
wait("testbench", 60000, function()
  return vim.fn.filereadable("tb_fifo.sv") == 1 or vim.fn.bufloaded("tb_fifo.sv") == 1
end)
wait("diagnostics", 10000, function() return true end)
vim.cmd("silent! wall")
vim.cmd("qall!")
"""


def test_a_code_action_writes_a_testbench(tmp_path: Path) -> None:
    if shutil.which("nvim") is None:
        pytest.skip("neovim is not installed")
    work = tmp_path / "work"
    shutil.copytree(REPOSITORY / "examples" / "02_fifo", work)
    (tmp_path / "setup.lua").write_text(setup_text("neovim"))
    (tmp_path / "drive.lua").write_text(DRIVE)
    ran = subprocess.run(
        ["nvim", "--headless", "--clean", "-u", tmp_path / "setup.lua", "-c", "filetype on",
         "-c", f"luafile {tmp_path / 'drive.lua'}"],
        cwd=work, env=editor_environment(tmp_path / "home"),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "module tb_fifo" in (work / "tb_fifo.sv").read_text()
