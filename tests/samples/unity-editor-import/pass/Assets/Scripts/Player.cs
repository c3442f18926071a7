using UnityEngine;
