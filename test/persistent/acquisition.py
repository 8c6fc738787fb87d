"""Answers the cases of acquisition-python.test.ts with the real Acquisition package."""
import json
import sys

from Acquisition import Explicit, Implicit, aq_acquire, aq_base, aq_chain, aq_inContextOf, aq_inner, aq_parent
from ExtensionClass import Base


class Mixin:
    def who(self):
        return self


class Imp(Mixin, Implicit):
    pass


class Exp(Mixin, Explicit):
    pass


class Plain(Mixin, Base):
    pass


KINDS = {'implicit': Imp, 'explicit': Exp, 'none': Plain}


def ids(chain):
    return [show(item) for item in chain]


def show(value):
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return '<%s>' % aq_base(value).__dict__.get('id')


def describe(value):
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return {
        'id': show(value),
        'chain': ids(aq_chain(value)),
        'containment': ids(aq_chain(value, 1)),
        'parent': show(aq_parent(value)),
        'inner': ids(aq_chain(aq_inner(value))),
        'innerParent': show(aq_parent(aq_inner(value))),
    }


def attempt(function):
    try:
        return describe(function())
    except AttributeError:
        return 'AttributeError'


def answer(case):
    objects = []
    for spec in case['objects']:
        obj = KINDS[spec['kind']]()
        obj.id = spec['id']
        objects.append(obj)
    for obj, spec in zip(objects, case['objects']):
        for name, value in spec['values'].items():
            setattr(obj, name, value)
        for name, index in spec['children'].items():
            setattr(obj, name, objects[index])
        if spec.get('parent') is not None:
            obj.__parent__ = objects[spec['parent']]
    results = []
    for path in case['paths']:
        # Looking something up changes a wrapper where a `__parent__` is met, so each look-up has its own.
        def walk():
            value = objects[path['start']]
            for step in path['steps']:
                if isinstance(step, int):
                    value = objects[step].__of__(value) if hasattr(objects[step], '__of__') else objects[step]
                else:
                    value = getattr(value, step)
            return value

        def passes(orig, inst, name, value, extra):
            return show(inst) != '<%s>' % extra

        try:
            end = walk()
        except AttributeError:
            results.append('AttributeError')
            continue
        if isinstance(end, str):
            results.append(end)
            continue
        results.append({
            'end': describe(end),
            'values': {name: attempt(lambda: getattr(walk(), name)) for name in case['names']},
            'acquired': {name: attempt(lambda: aq_acquire(walk(), name)) for name in case['names'] + ['_u']},
            'contained': {name: attempt(lambda: aq_acquire(walk(), name, containment=1)) for name in case['names']},
            'filtered': {name: attempt(lambda: aq_acquire(
                walk(), name, passes, case['objects'][0]['id'], default='none'))
                for name in case['names']},
            'who': attempt(lambda: walk().who()),
            'in': [bool(aq_inContextOf(walk(), each)) for each in objects],
            'inOuter': [bool(aq_inContextOf(walk(), each, 0)) for each in objects],
        })
    return results


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
