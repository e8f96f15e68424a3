"""scikit-learn's own checks, on its data and on the same data cut to maps R -> R."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from gradnets import mGradNet
from gradnets.regressor import GradientFieldRegressor
from gradnets.testing import assert_psd_at

WIDTHS = "its y has one column, or another number of columns than X: no map R^n -> R^n"
CANNOT_APPLY = [
    "check_fit_score_takes_y",
    "check_estimators_overwrite_params",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_n_features_in_after_fitting",
    "check_positive_only_tag_during_fit",
    "check_estimators_dtypes",
    "check_dtype_object",
    "check_pipeline_consistency",
    "check_estimators_nan_inf",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_regressors_train",
    "check_regressor_data_not_an_array",
    "check_regressor_multioutput",
    "check_regressors_no_decision_function",
    "check_regressors_int",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_dict_unchanged",
    "check_fit_idempotent",
    "check_fit_check_is_fitted",
    "check_n_features_in",
    "check_fit2d_predict1d",
]
CHECKED = GradientFieldRegressor(epochs=40, batch=25, lr=0.02, width=8, layers=2)


def expected(regressor: object) -> dict[str, str]:
    return dict.fromkeys(CANNOT_APPLY, WIDTHS)


@parametrize_with_checks([CHECKED], expected_failed_checks=expected)
def test_sklearn_checks(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


WANT_MORE_COLUMNS = {
    "check_regressor_multioutput": "its targets are five, of ten columns",
    "check_n_features_in_after_fitting": "it takes columns away",
}


def curve() -> tuple[Any, Any]:
    """Samples of a map R -> R in the place of scikit-learn's, whose y depends on five columns."""
    X = np.random.default_rng(0).normal(size=(100, 1))
    return X, X[:, 0] ** 3


@parametrize_with_checks([CHECKED])
def test_sklearn_checks_on_maps_of_the_line(
    estimator: Any, check: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if check.func.__name__ not in CANNOT_APPLY:
        pytest.skip("applies as it is")
    if check.func.__name__ in WANT_MORE_COLUMNS:
        pytest.skip(WANT_MORE_COLUMNS[check.func.__name__])
    cut: Any = estimator_checks._enforce_estimator_tags_X

    def one_column(regressor: Any, X: Any, kernel: Any = None) -> Any:
        arguments = {} if kernel is None else {"kernel": kernel}
        X = cut(regressor, X, **arguments)
        return X[:, :1]

    monkeypatch.setattr(estimator_checks, "_enforce_estimator_tags_X", one_column)
    monkeypatch.setattr(estimator_checks, "_regression_dataset", curve)
    check(estimator)


def samples(dtype: type = np.float64) -> tuple[Any, Any]:
    X = np.random.default_rng(0).uniform(size=(300, 2)).astype(dtype)
    return X, np.stack([4 * X[:, 0] ** 3 + X[:, 1] / 2, X[:, 0] / 2 + 3 * X[:, 1]], 1)


@pytest.mark.parametrize("network", ["mGradNetC", "mGradNetM", "GradNetC", "GradNetM"])
def test_it_learns_and_is_a_gradient(network: str) -> None:
    X, y = samples()
    model = GradientFieldRegressor(network, epochs=60, batch=50, lr=0.02, random_state=0)
    assert model.fit(X, y).score(X, y) > 0.95
    if network.startswith("m"):
        assert_psd_at(model.network_, torch.randn(50, 2, dtype=torch.float64))
    Z = np.random.default_rng(1).uniform(size=(40, 2))
    step = 1e-6
    J = np.stack(
        [(model.predict(Z + e) - model.predict(Z - e)) / (2 * step) for e in step * np.eye(2)], 2
    )
    np.testing.assert_allclose(J, J.swapaxes(1, 2), atol=1e-7)


def test_float32_stays_float32_and_a_seed_decides() -> None:
    X, y = samples(np.float32)
    models = [
        GradientFieldRegressor(epochs=5, random_state=seed).fit(X, y).predict(X)
        for seed in (0, 0, 1)
    ]
    assert models[0].dtype == np.float32
    np.testing.assert_array_equal(models[0], models[1])
    assert (models[0] != models[2]).any()


def test_units_do_not_matter() -> None:
    X, y = samples()
    model = GradientFieldRegressor(epochs=20, random_state=0)
    plain = model.fit(X, y).predict(X)
    scaled = model.fit(1000 * X - 7, 1e-3 * y + 5).predict(1000 * X - 7)
    np.testing.assert_allclose((scaled - 5) * 1e3, plain, rtol=1e-5, atol=1e-6)


def test_in_a_pipeline_a_grid_search_and_a_pickle() -> None:
    X, y = samples()
    search = GridSearchCV(
        make_pipeline(FunctionTransformer(), GradientFieldRegressor(epochs=10, random_state=0)),
        {"gradientfieldregressor__network": ["mGradNetC", "mGradNetM"]},
        cv=2,
    ).fit(X, y)
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))


def single_layer(dim: int) -> mGradNet:
    return mGradNet(dim, 8)


def test_a_network_of_ones_own() -> None:
    X, y = samples()
    model = GradientFieldRegressor(single_layer, epochs=5).fit(X, y)
    assert isinstance(model.network_, mGradNet)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "ICNN"}, "network: expected one of mGradNetC, .* or a function of n, got 'I"),
        ({"validation_fraction": 1.0}, "validation_fraction: expected a number between 0 and 1, "),
        ({"epochs": 0}, "epochs: expected an integer of at least 1, got 0"),
        ({"schedule": "step"}, "schedule: expected one of constant, cosine, got 'step'"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GradientFieldRegressor(**settings).fit(*samples())


def test_samples_of_another_space() -> None:
    X, y = samples()
    with pytest.raises(
        ValueError, match=r"y: expected shape \(300, 2\) as X, a field on R\^2, got"
    ):
        GradientFieldRegressor().fit(X, y[:, :1])


def test_the_package_does_not_need_sklearn() -> None:
    code = "import sys, gradnets, gradnets.__main__; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
