"""Rules of SystemVerilog that models break most often (LLM4Cov, appendix A), in our words.

The paper gives them to its teacher alone, and leaves them out of the samples that it stores.
"""

RULES = """\
Mind these rules of the language:
- A based literal holds digits only: `8'(i + 1)` or `i + 1`, never `8'd(i + 1)`.
- A hexadecimal literal has the digits 0-9, a-f and a width that holds it: 16'h1234, not 4'h1234.
- What a procedure assigns (clocks, resets, inputs) is declared `logic`, not `wire`.
- What an output of the design drives has no other driver: never assign it.
- A task ends with `endtask`, a function with `endfunction`.
- Declarations stand at the top of a block, before its first statement, and not inside of loops.
- A part-select with variable bounds is written `data[i*8 +: 8]`, never `data[i*8+7:i*8]`.
- `$random` and `$urandom` cannot be indexed: assign the value first, or mask it.
- A delay that is computed stands in parentheses: `#(N * PERIOD)`.
- Module headers declare their ports in ANSI style.
- Repeat the design's `timescale` at the top when it has one.
- Do not use `$monitor`.
"""
