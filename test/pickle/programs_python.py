"""Reads pickles as Python does, with no class but those of data types: lines of READER and HEX, answered by lines of JSON.

The value is shown in the notation of the corpus, with what zodbpickle writes for it; or the type of the error is given.
"""
import copyreg
import io
import json
import pickle
import resource
import sys
import _compat_pickle

sys.path.insert(0, sys.argv[1])
import zodbtag  # noqa: E402
from zodbpickle import pickle as zodbpickle  # noqa: E402

resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for code, name in ((0x42, 'ExtOne'), (0x1234, 'ExtTwo'), (0xabcdef, 'ExtFour')):
    copyreg.add_extension('corpusmodel', name, code)


# The recorders stand for these.
for recorder, module, name in (
        (zodbtag.reconstructor, 'copyreg', '_reconstructor'), (zodbtag.stub_getattr, 'builtins', 'getattr')):
    recorder.__module__, recorder.__qualname__ = module, name


def refuse(self, protocol):
    raise TypeError('is not written here')


zodbtag.PersistentId.__reduce_ex__ = refuse


class Recorder:
    def find_class(self, module, name):
        try:
            # This module is only found where the names of Python 2 are mapped, which is decided by the protocol.
            super().find_class('copy_reg', '_reconstructor')
        except ImportError:
            pass
        else:
            if (module, name) in _compat_pickle.NAME_MAPPING:
                module, name = _compat_pickle.NAME_MAPPING[module, name]
            else:
                module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        return zodbtag.find_global(module, name)

    def persistent_load(self, pid):
        return zodbtag.PersistentId(pid)


class Standard(Recorder, pickle.Unpickler):
    pass


class Zodb(Recorder, zodbpickle.Unpickler):
    pass


def read(reader, data):
    stream = io.BytesIO(data)
    zodbtag._stubs.clear()
    copyreg.clear_extension_cache()
    try:
        value = (Zodb if reader == 'zodb' else Standard)(stream).load()
    except MemoryError:
        return {'skip': 'memory'}
    except RecursionError:
        return {'skip': 'recursion'}
    except Exception as error:
        return {'error': type(error).__name__, 'message': str(error)[:200]}
    try:
        answer = {'value': zodbtag.tag(value), 'end': stream.tell()}
    except Exception as error:
        return {'skip': 'notation', 'message': repr(error)[:200]}
    try:
        answer['written'] = zodbpickle.dumps(value, 3).hex()
    except Exception:
        # A class that is not known here cannot be written here.
        pass
    return answer


for line in sys.stdin:
    reader, _, data = line.strip().partition(' ')
    print(json.dumps(read(reader, bytes.fromhex(data))))
