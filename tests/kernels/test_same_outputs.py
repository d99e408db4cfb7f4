"""A kernel of the pool answers cell for cell as a plain `python3` kernel does."""

import re

import pytest
from nbclient.exceptions import DeadKernelError

from tests.kernels.conftest import executed

pytestmark = pytest.mark.kernel

# one notebook a name, one cell an item
NOTEBOOKS = {
    "streams": [
        "import sys\nfor i in range(3):\n    print('out', i)\n    print('err', i, file=sys.stderr)",
        "print('no end', end='')",
        "sys.stdout.write('written\\n'); sys.stdout.flush(); sys.stderr.write('to the other')",
        "print('\\rprogress 1\\rprogress 2')",
        "print('ünïcode ✓ 漢字 \\u202eright to left', '👩‍👩‍👧')",
        "print('x' * 100_000)",
        "sys.stdout.encoding, sys.stderr.encoding, sys.stdout.isatty(), sys.stdin.read() if False else None",
    ],
    "displays": [
        "from IPython.display import display, clear_output, update_display, HTML, Markdown, SVG, JSON",
        "handle = display('first', display_id='one'); handle.update('second')",
        "display({'text/plain': 'both', 'text/html': '<b>both</b>'}, raw=True, metadata={'a': 1})",
        "update_display('third', display_id='one')",
        "print('gone'); clear_output(); print('stays')",
        "print('gone too'); clear_output(wait=True); display(HTML('<i>html</i>'), Markdown('# md'), JSON({'a': [1]}))",
        "class Both:\n    def _repr_html_(self): return '<p>h</p>'\n    def __repr__(self): return 'r'\nBoth()",
        "class Broken:\n    def _repr_html_(self): raise ValueError\n    def __repr__(self): return 'r'\nBroken()",
        "class Worse:\n    def __repr__(self): raise ValueError('no repr')\nWorse()",
        "1; 2",
        "None",
        "x = 5\nx;",
    ],
    "errors": [
        "def inner(n):\n    return 1 / n\n\ndef outer():\n    return inner(0)\n\nouter()",
        "if True print('x')",
        "raise KeyError('a key')",
        "try:\n    {}['a']\nexcept KeyError as e:\n    raise RuntimeError('from') from e",
        "undefined_name",
        "assert 1 == 2, 'arithmetic'",
        "exec('def f():\\n  raise ValueError(\"deep\")\\nf()')",
        "raise ExceptionGroup('many', [ValueError(1), TypeError(2)])",
        "import sys; sys.exit('leaving')",
        "raise SystemExit",
        "raise KeyboardInterrupt",
        "import pandas; pandas.DataFrame({'a': [1]})['b']",
        "input('name? ')",
        "import getpass; getpass.getpass()",
        "print('still here')",
    ],
    "pandas": [
        "import pandas as pd, numpy as np",
        "pd.DataFrame({'a': [1, 2], 'b': ['x', None], 'c': [1.5, float('nan')]})",
        "pd.DataFrame(np.arange(400).reshape(100, 4))",
        "pd.Series([1, 2], name='s')",
        "np.arange(2000)",
        "pd.DataFrame()",
        "pd.options.display.max_rows = 5; pd.DataFrame(range(20))",
        "import decimal, datetime; [decimal.Decimal('1.10'), datetime.date(2024, 2, 29)]",
        "import ibis; ibis.memtable({'a': [1]}).a.sum()",
        "ibis.to_sql(ibis.table({'a': 'int64'}, name='t').a.sum())",
        "import duckdb; duckdb.sql('select 42 as answer')",
        "duckdb.sql('select 42 as answer').fetchall(), duckdb.sql('select 1').df()",
        "import matplotlib",
    ],
    "names": [
        "__name__, __doc__, '__file__' in globals(), type(__builtins__).__name__",
        "a = 1; b = 'two'",
        "%who",
        "%whos",
        "In, Out, _, __, ___",
        "3 + 4",
        "_, _6, Out, _i, _ih[-2], len(In)",
        "sorted(n for n in dir() if not n.startswith('_i'))",
        "import __main__; __main__.a, __main__.__dict__ is globals()",
        "import sys; sys.argv[0].rsplit('/')[-1], len(sys.argv) > 1, sys.path[0], sys.flags.interactive",
        "[p for p in sys.path if 'zip' not in p and p]",
        "import os; os.getcwd() == os.path.realpath('.'), os.environ['DAYBOOK_TEST'], os.environ['PYTHONHASHSEED']",
        "sorted(n for n in os.environ if n not in ('JPY_PARENT_PID', 'JPY_SESSION_NAME'))",
        "get_ipython().execution_count, get_ipython().__class__, get_ipython().history_manager.hist_file",
        "hash('stable')",
    ],
    "magics": [
        "%time sum(range(10)); None",
        "%%capture kept\nprint('caught')",
        "kept.stdout",
        "!echo from the shell; echo to stderr >&2; exit 3",
        "_exit_code",
        "lines = !printf 'a\\nb\\n'\nlines",
        "%%bash\necho in bash; echo $DAYBOOK_TEST",
        "%%writefile -a made.txt\nhello",
        "%cat made.txt\n!rm made.txt",
        "%pwd\n_ == __import__('os').getcwd()",
        "%history",
        "%history -n 1-3",
        "%recall 3",
        "%no_such_magic",
        "print?",
        "len??",
        "%env DAYBOOK_TEST",
        "%precision 3\n3.14159265",
        "%xmode Plain",
        "1/0",
        "%load_ext autoreload",
        "%config InlineBackend",
        "%lsmagic",
        "%logstate",
        "%matplotlib inline",
    ],
    "asynchronous": [
        "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
        "async def f():\n    return 7\nawait f()",
        "async with asyncio.timeout(5):\n    print('within')",
        "type(asyncio.get_running_loop()).__name__",
        "[i async for i in (x for x in [])]",
        "task = asyncio.create_task(f())\nprint(await task)",
        "await asyncio.gather(f(), f())",
        "asyncio.run(f())",
    ],
    "processes": [
        # ipykernel reads what comes by the descriptor in a thread, and may be late: so each cell waits a little
        "import os, subprocess, sys\nwait = __import__('time').sleep",
        "done = subprocess.run(['echo', 'inherited']); wait(0.3); done",
        "subprocess.run('echo a; echo b >&2', shell=True, capture_output=True, text=True).stdout",
        "code = os.system('echo by system'); wait(0.3); code",
        "pid = os.fork()\nif pid == 0:\n    print('child', flush=True)\n    os._exit(0)\nos.waitpid(pid, 0); wait(0.3)",
        "os.write(1, b'raw descriptor\\n'); wait(0.3)",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as p:\n    print(p.map(abs, [-1, -2]))",
        "with mp.get_context('spawn').Pool(1) as p:\n    print(p.map(abs, [-3]))",
        "from concurrent.futures import ThreadPoolExecutor\nlist(ThreadPoolExecutor(2).map(abs, [-1, 2]))",
        "sys.stdin, os.isatty(0)",
    ],
    "warnings": [
        "import warnings, logging",
        "warnings.warn('careful')",
        "def old():\n    warnings.warn('old', DeprecationWarning, stacklevel=2)\nold()",
        "warnings.warn('once'); warnings.warn('once')",
        "logging.warning('by the root logger')",
        "logging.getLogger('mine').info('unseen')",
        "logging.basicConfig(level=logging.INFO, force=True); logging.getLogger('mine').info('seen')",
        "[f[:3] for f in warnings.filters if f[2] in (DeprecationWarning, UserWarning)]",
        "import numpy as np; np.log(0)",
        "np.float64(1) / 0",
    ],
    "threads": [
        "import threading, time",
        "def late():\n    time.sleep(0.3)\n    print('late')\nthreading.Thread(target=late).start(); print('early')",
        "time.sleep(0.6); print('next cell')",
        "def fails():\n    raise ValueError('in a thread')\n"
        "t = threading.Thread(target=fails, name='T'); t.start(); t.join()",
        "threading.current_thread() is threading.main_thread(), threading.main_thread().name",
        "import signal; signal.getsignal(signal.SIGINT).__name__, *map(signal.getsignal, (15, 17))",
        "signal.getsignal(signal.SIGPIPE), signal.pthread_sigmask(signal.SIG_BLOCK, [])",
        "import gc; gc.isenabled(), gc.get_threshold()",
        "import sys; sys.getrecursionlimit(), sys.getswitchinterval()",
        "def deep(n):\n    return deep(n + 1)\ndeep(0)",
        "import locale; locale.getlocale(), locale.setlocale(locale.LC_ALL), time.tzname",
        "import tempfile, os; tempfile.gettempdir() == os.environ['TMPDIR']",
        "import resource; resource.getrlimit(resource.RLIMIT_NOFILE), os.umask(0o022)",
    ],
    "display table": [
        "from reports_lib.notebook import *",
        "Grid",
        "from decimal import Decimal\nTiles([Tile('Sum', Decimal('1234.50'))])",
        "Markdown('# Heading')",
        "begin(globals())",
    ],
}

# what must differ: process ids, addresses, temporary places, times
DIFFERENT = [
    (r"/tmp/ipykernel_\d+", "/tmp/ipykernel"),
    (r"ipykernel_\d+", "ipykernel"),
    (r"<ipython-input-(\d+)-\w+>", r"<input \1>"),
    (r"0x[0-9a-f]{6,}", "0x"),
    (r"/\S*/(daybook-|tmp)[a-z0-9_]{8}(/k\d+/home)?", "HOME"),
    (r"[\d.]+(?:e[+-]?\d+)? (ns|us|µs|μs|ms|s)\b", "TIME"),
    (r"\d{10,}(?=\.py)", "N"),
    (r"Task-\d+", "Task"),
    (r"Thread-\d+", "Thread"),
]


def joined(outputs):
    whole = []
    for output in outputs:
        if whole and "name" in output and output.name == whole[-1].get("name"):
            whole[-1] = output | {"text": whole[-1]["text"] + output.text}
        else:
            whole.append(output)
    return whole


def told(outputs):
    """The outputs without what must differ; how a stream is cut into messages is a matter of time."""
    found = []
    for output in joined(outputs):
        words = repr(dict(output))
        for pattern, plain in DIFFERENT:
            words = re.sub(pattern, plain, words)
        found.append(words)
    return found


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_are_those_of_a_plain_kernel(name, run, plain):
    ours, theirs = run(NOTEBOOKS[name]), plain(NOTEBOOKS[name])
    for source, mine, other in zip(NOTEBOOKS[name], ours, theirs, strict=True):
        assert told(mine) == told(other), source


@pytest.mark.parametrize("ending", ["import os; os._exit(3)", "import os; os.kill(os.getpid(), 9)"])
def test_a_kernel_that_ends_itself_is_dead_for_both(ending, run, plain):
    for way in (run, plain):
        with pytest.raises(DeadKernelError):
            way(["print('before')", ending, "print('after')"])


def test_the_exit_code_is_known(pool, tmp_path):
    with pool.take({}, tmp_path) as kernel:
        with pytest.raises(DeadKernelError):
            executed(kernel, ["import os; os._exit(3)", "1"])
        assert not kernel.alive
        assert kernel.manager.provisioner.process.returncode == 3
